"""Choose what is tried with sockets: a sample of everything that can happen, or with --all all of it."""

import pytest

import portal.regions.catalogue  # noqa: F401 (all regions, as a worker has them, also where a file is run by itself)
from tests.laws.acts import ACTS, SAMPLED


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    everything = metafunc.config.getoption("--all")
    if "sampled" in metafunc.fixturenames:
        metafunc.parametrize("sampled", ACTS if everything else SAMPLED, ids=str)
    for deployment in {"house", "pages"} & set(metafunc.fixturenames):
        kinds = ["embedded", "full"] if everything else ["full"]
        metafunc.parametrize(deployment, kinds, indirect=True, scope="module")
