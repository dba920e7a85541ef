# Makes the expected numbers of tests/stats/test_design.py, test_weights.py, test_quantiles.py and test_survival.py.
# Debian: r-base-core r-cran-survey r-cran-survival r-cran-mass. Run from the root: Rscript tests/reference/design.R
#
# The rows are samples of schools drawn for teaching from a public register: the Academic Performance Index 2000 of the
# California Department of Education. Only the columns the tests need are written out.
suppressMessages({library(survey); library(survival); library(MASS)})
data(api)
here <- "tests/reference"
out <- function(rows, name) write.csv(rows, file.path(here, name), row.names = FALSE, quote = FALSE)
out(apistrat[, c("stype", "sch.wide", "api99", "api00", "pw", "fpc")], "api_stratified.csv")
out(apiclus1[, c("dnum", "stype", "sch.wide", "api99", "api00", "pw", "fpc")], "api_clustered.csv")
out(apiclus2[, c("dnum", "snum", "api00", "pw", "fpc1", "fpc2")], "api_two_stage.csv")

options(digits = 12)
line <- function(name, ...) cat(sprintf("%-34s", name), sprintf("%.10f", c(...)), "\n")

strat <- svydesign(id = ~1, strata = ~stype, weights = ~pw, data = apistrat, fpc = ~fpc)
clus1 <- svydesign(id = ~dnum, weights = ~pw, data = apiclus1, fpc = ~fpc)
clus2 <- svydesign(id = ~dnum + snum, fpc = ~fpc1 + fpc2, data = apiclus2)
for (d in c("strat", "clus1", "clus2")) {
  m <- svymean(~api00, get(d), deff = TRUE); t <- svytotal(~api00, get(d))
  line(paste("mean, se, deff", d), coef(m), SE(m), deff(m))
  line(paste("total, se, df", d), coef(t), SE(t), degf(get(d)))
  line(paste("t interval", d), confint(m, df = degf(get(d))))
}
line("mean, deff with replacement strat", deff(svymean(~api00, strat, deff = "replace")))
nofpc <- svydesign(id = ~dnum, weights = ~pw, data = apiclus1)
line("mean, se without fpc clus1", coef(svymean(~api00, nofpc)), SE(svymean(~api00, nofpc)))
domain <- svymean(~api00, subset(clus1, stype == "E"))
line("domain mean E, se clus1", coef(domain), SE(domain))

types <- data.frame(stype = c("E", "H", "M"), Freq = c(4421, 755, 1018))
wide <- data.frame(sch.wide = c("No", "Yes"), Freq = c(1072, 5122))
post <- postStratify(clus1, ~stype, types)
raked <- rake(clus1, list(~stype, ~sch.wide), list(types, wide), control = list(maxit = 500, epsilon = 1e-10))
greg <- calibrate(clus1, ~stype + api99, c(`(Intercept)` = 6194, stypeH = 755, stypeM = 1018, api99 = 3914069))
wide_strat <- postStratify(strat, ~sch.wide, wide)
greg_strat <- calibrate(strat, ~api99, c(`(Intercept)` = 6194, api99 = 3914069))
for (d in c("post", "raked", "greg", "wide_strat", "greg_strat")) {
  m <- svymean(~api00, get(d)); t <- svytotal(~api00, get(d))
  line(paste("mean, se", d), coef(m), SE(m)); line(paste("total, se", d), coef(t), SE(t))
}
line("raked weights", sort(unique(round(weights(raked), 6))))
w <- weights(raked); line("Kish", length(w) * sum(w^2) / sum(w)^2)
line("greg weights min, max, sum of squares", range(weights(greg)), sum(weights(greg)^2))

print(svyquantile(~api00, strat, c(.25, .5, .75), qrule = "school", interval.type = "mean"))
print(svyquantile(~api00, clus1, c(.25, .5, .75), qrule = "school", interval.type = "mean"))

# Remission of leukaemia under 6-MP: Freireich and others 1963, printed in Gehan 1965; the tests hold it inline.
g <- transform(gehan, treat = relevel(treat, "control"))
fit <- survfit(Surv(time, cens) ~ treat, g, conf.type = "log-log")
print(summary(fit, times = c(5, 10, 15, 20)))
print(fit)
for (p in c(.25, .5)) print(quantile(fit, p))
print(fit, rmean = 22)
print(survdiff(Surv(time, cens) ~ treat, g))
line("log-rank", survdiff(Surv(time, cens) ~ treat, g)$chisq)
