# p-values of column comparisons, for tests/stats/test_columns.py: Rscript tests/reference/columns.R
for (v in list(c(60, 45, 100, 100), c(52, 60, 100, 100), c(120, 30, 400, 150)))
  cat(format(prop.test(v[1:2], v[3:4], correct = FALSE)$p.value, digits = 9), "\n")
cat(format(t.test(c(1, 2, 3, 4, 5, 5, 4), c(2, 2, 3, 1, 2, 4, 3, 1))$p.value, digits = 9), "\n")
