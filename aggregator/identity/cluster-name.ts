const CLUSTER_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const CHARS_MAX = 63;

/** Clusters are named as Kubernetes names things; a name ends up in labels, keys and pages. */
export function isClusterName(text: string): boolean {
  return text.length <= CHARS_MAX && CLUSTER_NAME.test(text);
}
