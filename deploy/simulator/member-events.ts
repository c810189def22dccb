import type { EventRecorder } from './event-recorder.ts';
import type { SimDeployment, SimPod } from './workload-objects.ts';

/** The Events a member's own components write when a Deployment changes, with the reasons and styles recorded. */
export function tellScaling(events: EventRecorder, deployment: SimDeployment, from: number): void {
  const { namespace, name, uid, replicas, replicaSet } = deployment;
  events.record({
    about: { kind: 'Deployment', namespace, name, uid, apiVersion: 'apps/v1' },
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message: `Scaled ${replicas >= from ? 'up' : 'down'} replica set ${replicaSet.name} from ${from} to ${replicas}`,
    component: 'deployment-controller',
  });
}

export function tellScheduled(events: EventRecorder, pod: SimPod, cluster: string): void {
  const { namespace, name, uid, replicaSet, node } = pod;
  if (replicaSet) {
    events.record({
      about: {
        kind: 'ReplicaSet',
        namespace,
        name: replicaSet.name,
        uid: replicaSet.uid,
        apiVersion: 'apps/v1',
      },
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${name}`,
      component: 'replicaset-controller',
    });
  }
  const scheduled = {
    about: { kind: 'Pod', namespace, name, uid, apiVersion: 'v1' },
    type: 'Normal',
    reason: 'Scheduled',
    message: `Successfully assigned ${namespace}/${name} to ${node.name}`,
    component: 'default-scheduler',
  } as const;
  events.recordNewStyle(scheduled, 'Binding', `default-scheduler-${cluster}-cp-1`);
}

export function tellStarted(events: EventRecorder, { namespace, name, uid }: SimPod): void {
  events.record({
    about: { kind: 'Pod', namespace, name, uid, apiVersion: 'v1' },
    type: 'Normal',
    reason: 'Created',
    message: 'Created container',
    component: 'kubelet',
  });
}
