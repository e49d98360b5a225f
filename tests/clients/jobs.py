"""Drives the daemon with the official Kubernetes client for Python, as a program of a user would.

Told by KUBECONFIG where the daemon is; the image `hello:1` is there. Every line on stdout is something that
the client saw; a step that fails ends it with the client's own error.
"""

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

NAMESPACE = "default"


def template(*args):
    container = client.V1Container(name="main", image="hello:1", args=list(args))
    spec = client.V1PodSpec(restart_policy="Never", containers=[container])
    return client.V1PodTemplateSpec(spec=spec)


def job(name, **spec):
    metadata = client.V1ObjectMeta(name=name, labels={"made-by": "python"})
    return client.V1Job(metadata=metadata, spec=client.V1JobSpec(template=template("Ada"), **spec))


def until(stream, holds):
    """Returns the first object of a watch that `holds`, or fails when the watch is over."""
    for event in stream:
        if holds(event["type"], event["object"]):
            return event["object"]
    raise SystemExit("the watch ended before what was waited for")


def is_complete(_, seen):
    conditions = seen.status.conditions or []
    return any(it.type == "Complete" and it.status == "True" for it in conditions)


def jobs(batch, core):
    made = batch.create_namespaced_job(NAMESPACE, job("report", completions=2))
    print("created", made.metadata.name, made.spec.backoff_limit)
    listed = batch.list_namespaced_job(NAMESPACE, label_selector="made-by=python")
    print("listed", [item.metadata.name for item in listed.items])

    stream = watch.Watch().stream(
        batch.list_namespaced_job,
        NAMESPACE,
        field_selector="metadata.name=report",
        resource_version=made.metadata.resource_version,
        timeout_seconds=60,
    )
    done = until(stream, is_complete)
    print("watched", done.status.succeeded)

    pods = core.list_namespaced_pod(NAMESPACE, label_selector="job-name=report")
    for pod in pods.items:
        log = core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE)
        print("log", log.splitlines()[0])

    patch = {"metadata": {"annotations": {"seen": "yes"}}}
    patched = batch.patch_namespaced_job("report", NAMESPACE, patch)
    print("patched", patched.metadata.annotations["seen"])

    try:
        batch.create_namespaced_job(NAMESPACE, job("report"))
    except ApiException as error:
        print("refused", error.status, error.reason)

    batch.delete_namespaced_job("report", NAMESPACE, propagation_policy="Foreground")
    stream = watch.Watch().stream(
        batch.list_namespaced_job,
        NAMESPACE,
        resource_version=patched.metadata.resource_version,
        timeout_seconds=60,
    )
    until(stream, lambda kind, seen: kind == "DELETED" and seen.metadata.name == "report")
    print("deleted", len(batch.list_namespaced_job(NAMESPACE).items))


def cron_jobs(batch):
    spec = client.V1CronJobSpec(
        schedule="0 3 * * *",
        job_template=client.V1JobTemplateSpec(spec=client.V1JobSpec(template=template())),
    )
    metadata = client.V1ObjectMeta(name="nightly")
    made = batch.create_namespaced_cron_job(NAMESPACE, client.V1CronJob(metadata=metadata, spec=spec))
    print("scheduled", made.metadata.name, made.spec.concurrency_policy)
    patch = {"spec": {"suspend": True}}
    batch.patch_namespaced_cron_job("nightly", NAMESPACE, patch)
    read = batch.read_namespaced_cron_job("nightly", NAMESPACE)
    print("suspended", read.spec.suspend)
    read.spec.schedule = "30 4 * * *"
    print("replaced", batch.replace_namespaced_cron_job("nightly", NAMESPACE, read).spec.schedule)
    listed = batch.list_cron_job_for_all_namespaces()
    print("listed", [item.metadata.name for item in listed.items])
    stream = watch.Watch().stream(
        batch.list_namespaced_cron_job,
        NAMESPACE,
        resource_version=listed.metadata.resource_version,
        timeout_seconds=60,
    )
    batch.delete_namespaced_cron_job("nightly", NAMESPACE)
    until(stream, lambda kind, seen: kind == "DELETED")
    print("deleted", len(batch.list_namespaced_cron_job(NAMESPACE).items))


def main():
    config.load_kube_config()
    batch, core = client.BatchV1Api(), client.CoreV1Api()
    jobs(batch, core)
    cron_jobs(batch)


if __name__ == "__main__":
    main()
