"""The base for kustomize: each object is one that Kubernetes takes, and says of the image and the
server what is so. It has not been tried on a cluster."""

from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.test_compose import DOCKERFILE, SERVICES
from tests.harness.clerk import ROOT
from tests.harness.server import VARIABLES

BASE = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((BASE / "kustomization.yaml").read_text())
# The oldest that Kubernetes supports, and the newest that the schemas are there for.
VERSIONS = ("1.34", kubernetes_validate.latest_version().rpartition(".")[0])


def objects() -> Iterator[dict[str, Any]]:
    for name in KUSTOMIZATION["resources"]:
        yield from yaml.safe_load_all((BASE / name).read_text())


OBJECTS = {f"{one['kind']}/{one['metadata']['name']}": one for one in objects()}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OBJECTS)
def test_kubernetes_knows_it(name: str, version: str):
    """Every field, strictly: an unknown one is refused."""
    kubernetes_validate.validate(OBJECTS[name], version, strict=True)


def test_all_files_are_part_of_it():
    files = {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(KUSTOMIZATION["resources"]) == files


def pods() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for one in ("Deployment/app", "Job/prepare"):
        pod = OBJECTS[one]["spec"]["template"]["spec"]
        yield pod, pod["containers"][0]


def test_pods_are_the_image_s():
    """Its user, its port, nothing that can be written but its folder in memory."""
    (user,) = [line.split()[1] for line in DOCKERFILE.splitlines() if line.startswith("USER")]
    for pod, container in pods():
        assert f"{pod['securityContext']['runAsUser']}:10001" == user
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["volumeMounts"][0]["mountPath"] == "/tmp"
    deployment = OBJECTS["Deployment/app"]["spec"]["template"]["spec"]
    assert deployment["containers"][0]["ports"][0]["containerPort"] == 8000
    assert [*pods()][1][1]["args"] == SERVICES["prepare"]["command"]
    grace = int(SERVICES["app"]["stop_grace_period"].rstrip("s"))
    assert deployment["terminationGracePeriodSeconds"] >= grace + 5  # and its pause before


def test_names_lead_somewhere():
    """Selectors find the pods, the ingress the service, the autoscaler the servers, and every
    setting is one."""
    labels = OBJECTS["Deployment/app"]["spec"]["template"]["metadata"]["labels"]
    for name in ("Deployment/app", "PodDisruptionBudget/app"):
        assert OBJECTS[name]["spec"]["selector"]["matchLabels"] == labels
    assert OBJECTS["Service/app"]["spec"]["selector"] == labels
    (rule,) = OBJECTS["Ingress/app"]["spec"]["rules"]
    service = rule["http"]["paths"][0]["backend"]["service"]
    assert f"Service/{service['name']}" in OBJECTS
    target = OBJECTS["HorizontalPodAutoscaler/app"]["spec"]["scaleTargetRef"]
    assert f"{target['kind']}/{target['name']}" in OBJECTS
    given = {*OBJECTS["ConfigMap/chat"]["data"], *OBJECTS["Secret/chat"]["stringData"]}
    assert given <= {*VARIABLES, "OLLAMA_BASE_URL"}
    assert OBJECTS["ConfigMap/chat"]["data"]["PUBLIC_URL"] == f"https://{rule['host']}"
