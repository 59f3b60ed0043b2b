// How the process itself is doing. prom-client's own set watches the garbage collector and the event
// loop for ever and cannot be ended; this one reads what it needs when asked, and can be closed.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { memoryUsage, cpuUsage } from 'node:process'
import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import { counterFamily } from './cells.ts'

/** How closely the event loop is watched, ms. */
const RESOLUTION_MS = 20

/** Yields what ends the watch. */
export function registerProcessMetrics(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  registerCpu(registry)
  gauge(registry, 'process_start_time_seconds', 'Start of the process, Unix time.', () => {
    return performance.timeOrigin / 1000
  })
  gauge(registry, 'process_resident_memory_bytes', 'Resident memory.', () => memoryUsage.rss())
  gauge(
    registry,
    'process_heap_used_bytes',
    'JavaScript heap in use.',
    () => memoryUsage().heapUsed,
  )
  gauge(registry, 'process_external_bytes', 'Memory of buffers and other native objects.', () => {
    return memoryUsage().external
  })
  gauge(registry, 'process_event_loop_delay_p99_seconds', 'Since the last reading.', () => {
    const seconds = Math.max(0, delay.percentile(99) / 1e9 - RESOLUTION_MS / 1000)
    delay.reset()
    return seconds
  })
  return () => {
    delay.disable()
  }
}

function registerCpu(registry: Registry): void {
  const family = counterFamily({
    name: 'svidgate_process_cpu_seconds_total',
    help: 'CPU time of the process by mode.',
    labels: ['mode'],
    registry,
    refresh: () => {
      const { user, system } = cpuUsage()
      family.cell('user').value = user / 1e6
      family.cell('system').value = system / 1e6
    },
  })
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const metric = new Gauge({
    name: `svidgate_${name}`,
    help,
    registers: [registry],
    collect: () => {
      metric.set(read())
    },
  })
}
