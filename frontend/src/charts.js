// The script that draws every chart: plain ECharts options in, one SVG out. Runs without a document, in an embedded engine.
import { BarChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, MarkAreaComponent, MarkLineComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([BarChart, LineChart, ScatterChart, GridComponent, MarkAreaComponent, MarkLineComponent, SVGRenderer])

globalThis.draw = (optionsJson, width, height) => {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption({ animation: false, silent: true, ...JSON.parse(optionsJson) })
    return chart.renderToSVGString()
  } finally {
    chart.dispose()
  }
}
