"""The pods of the cluster in KUBECONFIG, as Kubernetes' own client lists them: one name on each line."""

from kubernetes import client, config

config.load_kube_config()
for pod in client.CoreV1Api().list_namespaced_pod("default").items:
    print(pod.metadata.name)
