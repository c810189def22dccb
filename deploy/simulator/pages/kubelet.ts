import { ExpositionWriter } from '../exposition.ts';
import type { SimNode } from '../member-objects.ts';
import type { SimPod } from '../workload-objects.ts';

/** One container of the node, as the kubelet's cgroup reading would give it. */
export interface ContainerUsage {
  pod: SimPod;
  cpuSeconds: number;
  workingSetBytes: number;
}

const SYSTEM_CPU_SHARE = 0.12;
const SYSTEM_WORKING_SET_BYTES = 900e6;

/** The kubelet's /metrics/resource. */
export function kubeletResourcePage(
  node: SimNode,
  containers: readonly ContainerUsage[],
  nowMs: number,
): string {
  const page = new ExpositionWriter();
  const of = ({ pod }: ContainerUsage) => ({ namespace: pod.namespace, pod: pod.name });
  const each = (name: string, value: (usage: ContainerUsage) => number, container: boolean) => {
    if (containers.length === 0) return;
    page.family(name);
    for (const usage of containers)
      page.sample(container ? { container: 'main', ...of(usage) } : of(usage), value(usage));
  };
  const upS = (nowMs - node.createdMs) / 1000;
  const total = (value: (usage: ContainerUsage) => number) =>
    containers.reduce((sum, usage) => sum + value(usage), 0);
  const cpu = (usage: ContainerUsage) => usage.cpuSeconds;
  const memory = (usage: ContainerUsage) => usage.workingSetBytes;
  each('container_cpu_usage_seconds_total', cpu, true);
  each('container_memory_working_set_bytes', memory, true);
  each('container_start_time_seconds', (usage) => (usage.pod.startedMs ?? 0) / 1000, true);
  page.family('node_cpu_usage_seconds_total').sample({}, upS * SYSTEM_CPU_SHARE + total(cpu));
  page.family('node_memory_working_set_bytes').sample({}, SYSTEM_WORKING_SET_BYTES + total(memory));
  each('pod_cpu_usage_seconds_total', cpu, false);
  each('pod_memory_working_set_bytes', memory, false);
  page
    .family('promhttp_metric_handler_errors_total')
    .sample({ cause: 'encoding' }, 0)
    .sample({ cause: 'gathering' }, 0);
  page.family('scrape_error').sample({}, 0);
  return page.text();
}
