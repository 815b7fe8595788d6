"""Cone PCA by faces against the printed method and against sampling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.cone_pca import cone_pca, cone_pca_by_subsets
from lib.cone_pca.faces import FEASIBLE

pytestmark = pytest.mark.property

WHOLE = st.integers(-2, 2).map(float)

ROUNDING = 1e-9
"""What FEASIBLE and the eigenvalues' rounding can change of a value of order 10."""


@st.composite
def cones(draw):
    """Draw a form and a cone, often flat, with lines, or only the origin."""
    d, m, c = draw(st.integers(1, 4)), draw(st.integers(0, 7)), draw(st.integers(1, 3))
    A = draw(hnp.arrays(float, (c, d), elements=WHOLE))
    B = draw(hnp.arrays(float, (m, d), elements=WHOLE))
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        A, B = rng.standard_normal(A.shape), rng.standard_normal(B.shape)
    return A, B


@given(cones())
def test_faces_and_subsets_agree(case):
    A, B = case
    faces, subsets = cone_pca(A, B), cone_pca_by_subsets(A, B)
    assert abs(faces.value - subsets.value) <= ROUNDING


@given(cones())
def test_direction_is_feasible_and_attains_the_value(case):
    A, B = case
    found = cone_pca(A, B)
    lengths = np.linalg.norm(B, axis=1)
    assert (B @ found.direction >= -FEASIBLE * lengths).all()
    assert np.linalg.norm(A @ found.direction) == found.value
    size = np.linalg.norm(found.direction)
    assert abs(size - 1) <= 1e-14 or (size == 0 and found.value == 0)


@given(cones(), st.integers(0, 99))
def test_no_sample_of_the_cone_is_better(case, seed):
    A, B = case
    U = np.random.default_rng(seed).standard_normal((500, A.shape[1]))
    U = U[(U @ B.T >= 0).all(axis=1)]
    values = np.linalg.norm(U @ A.T, axis=1) / np.linalg.norm(U, axis=1)
    assert values.max(initial=0.0) <= cone_pca(A, B).value + ROUNDING
