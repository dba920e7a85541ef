// Bundles src/charts.js into one file that needs neither a document nor the network, and gathers the licences it carries.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const dist = here('../src/touchstone/report/assets/dist/')

await build({
  entryPoints: [here('src/charts.js')],
  outfile: `${dist}charts.js`,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
})

const licences = ['echarts/LICENSE', 'echarts/NOTICE', 'zrender/LICENSE', 'tslib/LICENSE.txt']
const texts = licences.map((name) => `==== ${name}\n\n${readFileSync(here(`node_modules/${name}`), 'utf8').trim()}\n`)
writeFileSync(`${dist}LICENCES.txt`, texts.join('\n'))
