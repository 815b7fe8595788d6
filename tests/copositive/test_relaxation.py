"""Covers, proofs and programs on data solved by hand, bad solvers, and every error."""

from dataclasses import replace

import numpy as np
import pytest

from lib.arrangements import enumerate_cells
from lib.arrangements.cells import unit_normals
from lib.arrangements.triangulation import find_incidence, triangulate
from lib.conic import pack, products, solve_interior, unpack
from lib.copositive import (
    cover_by_cells,
    cover_by_positive_cell,
    cover_by_simplices,
    prove_over_cover,
    prove_whitened,
    relaxed_norm,
    solve_relaxation,
    solve_whitened,
)
from lib.copositive import relaxation as relaxation_module
from lib.copositive import whitened as whitened_module
from lib.copositive.bounds import bound_eigenvalue, bound_norm
from lib.copositive.cover import MOST_CELLS
from lib.copositive.textbook import (
    scalar_dual,
    scalar_program,
    spike_free_scalar_program,
)
from lib.problem import Problem

VALUE = 1e-8
"""Relative accuracy of a program solved by Clarabel to 1e-10."""


def orthant_problem(beta=0.5):
    """Return X = I_2, Y = (1, -1): p* = 2 (beta^2/2 + beta (1 - beta)) = 0.75."""
    return Problem(np.eye(2), np.array([[1.0], [-1.0]]), beta)


# -- rays and covers


def test_a_line_has_two_rays():
    for cover in (cover_by_cells, cover_by_simplices):
        found = cover(np.array([[2.0], [-1.0], [0.0]]))
        assert found.exact
        assert sorted(float(r.inside[0]) for r in found.regions) == [-1.0, 1.0]
        assert sorted(r.pattern.tolist() for r in found.regions) == [
            [False, True, True],
            [True, False, True],
        ]


def test_orthants_are_spanned_by_the_axes():
    cover = cover_by_simplices(np.eye(3))
    assert len(cover) == 8
    for region in cover.regions:
        assert sorted(np.abs(region.basis).T.tolist()) == np.eye(3)[::-1].tolist()
        assert (region.pattern == (region.inside > 0)).all()


def test_common_planes_share_their_ray():
    # Three planes through the third axis, and the horizontal one.
    X = np.array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0], [0, 0, 1.0]])
    cells, normals = enumerate_cells(X), unit_normals(X)
    for rays in cells.rays:
        found = find_incidence(rays, normals)
        assert sorted(found.on.sum(axis=1)) == [2, 2, 3]
        assert len(found.walls) == len(found.facets) == 3
    assert len(cover_by_simplices(X)) == len(cells) == 12


def test_facets_leave_out_samples_that_do_not_bound():
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    facets, printed = cover_by_cells(X), cover_by_cells(X, as_printed=True)
    assert {len(r.normals) for r in facets.regions} == {2}
    assert {len(r.normals) for r in printed.regions} == {3}


def test_cube_cone_splits_into_six_or_five_pieces():
    corners = np.arange(8)
    bits = corners[:, None] >> np.arange(3) & 1
    facets = [
        frozenset(corners[bits[:, k] == side].tolist())
        for k in range(3)
        for side in (0, 1)
    ]
    pieces = triangulate(facets, 4)
    volumes = [
        abs(np.linalg.det(np.column_stack([bits[list(p)], np.ones(4)]))) / 6
        for p in pieces
    ]
    assert len(pieces) == 6
    assert min(volumes) > 0
    assert sum(volumes) == pytest.approx(1.0)


def test_rank_deficient_data_are_covered_in_their_row_space():
    X = np.outer([1.0, -2.0, 3.0], [1.0, 1.0, 0.0])
    cover = cover_by_simplices(X)
    assert cover.X.shape == (3, 1)
    assert len(cover) == 2


def test_zero_data_have_one_region_and_the_zero_network():
    problem = Problem(np.zeros((3, 2)), np.ones((3, 1)), 0.1)
    for cover in (cover_by_cells, cover_by_simplices):
        found = solve_relaxation(problem, cover(problem.X))
        assert found.value == pytest.approx(1.5, rel=VALUE)
        assert found.dual == pytest.approx(1.5, rel=VALUE)
        assert relaxed_norm(found.cover, problem.Y).value == 0.0


def test_zero_targets_cost_nothing():
    problem = Problem(np.eye(2), np.zeros((2, 2)), 0.1)
    found = solve_relaxation(problem, cover_by_cells(problem.X))
    assert found.value == pytest.approx(0.0, abs=1e-9)
    assert found.dual <= 0.0
    assert found.relative_gap <= 1.0
    assert solve_whitened(problem.Y, 0.1).converged


@pytest.mark.parametrize("cover", [cover_by_cells, cover_by_simplices])
def test_covers_refuse_too_many_cells(cover):
    X = np.random.default_rng(0).standard_normal((250, 3))
    with pytest.raises(ValueError, match=f"at most {MOST_CELLS} cells; 250 hyperpl"):
        cover(X)


def test_covers_refuse_nearly_parallel_samples():
    # Two planes at 1e-7 whose line lies on no third one.
    X = np.array([[1.0, 0, 0], [1.0, 1e-7, 0], [0, 1.0, 1.0], [0, 1.0, -1.0]])
    with pytest.raises(ValueError, match="almost parallel"):
        cover_by_simplices(X)


def test_incidence_refuses_a_ray_that_is_neither_on_nor_off_a_plane():
    # Two planes at 1e-4 know their line to 1e-10; a third passes it at 2e-10.
    W = np.array([[0.0, 0.0, 1.0]])
    normals = np.array([[1.0, 0, 0], [1.0, 1e-4, 0], [0, 1.0, 2e-10]])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    with pytest.raises(ValueError, match="not known to 1e-10"):
        find_incidence(W, normals)


def test_incidence_measures_how_far_rays_are_off_their_lines():
    off = 1e-12
    W = np.array([[0.0, off, 1.0]])
    found = find_incidence(W, np.eye(3)[:2])
    assert found.on.tolist() == [[True, True]]
    assert off <= found.error <= off + 1e-13


def test_positive_cell_needs_a_vector_that_all_samples_see():
    X = np.random.default_rng(0).standard_normal((6, 8))
    with pytest.raises(ValueError, match="keep their mean"):
        cover_by_positive_cell(X - X.mean(axis=0))


# -- conic pieces


def test_packing_keeps_inner_products_and_comes_back():
    rng = np.random.default_rng(0)
    S, T = (M + M.T for M in rng.standard_normal((2, 4, 4)))
    assert pack(S) @ pack(T) == pytest.approx(np.vdot(S, T))
    assert np.allclose(unpack(pack(S), 4), S, atol=1e-15)


def test_products_evaluate_forms_at_pairs_of_rows():
    rng = np.random.default_rng(1)
    rows, S = rng.standard_normal((3, 2)), np.array([[1.0, 2.0], [2.0, -3.0]])
    form = rows @ S @ rows.T
    assert products(rows) @ pack(S) == pytest.approx(form[np.triu_indices(3, 1)])


# -- solutions and proofs


@pytest.mark.parametrize("solver", ["interior", "splitting"])
@pytest.mark.parametrize(
    "cover", [cover_by_cells, cover_by_simplices, cover_by_positive_cell]
)
def test_orthant_problem_costs_three_quarters(solver, cover):
    problem = orthant_problem()
    found = solve_relaxation(problem, cover(problem.X), solver=solver)
    accuracy = VALUE if solver == "interior" else 1e-6
    assert found.value == pytest.approx(0.75, rel=accuracy)
    assert found.dual == pytest.approx(0.75, rel=accuracy)
    assert found.dual <= 0.75


@pytest.mark.parametrize(("x", "y"), [(1e-6, 1e4), (1e5, 1e-3)])
def test_units_of_the_data_do_not_matter(x, y):
    rng = np.random.default_rng(2)
    X, Y = rng.standard_normal((6, 2)), rng.standard_normal((6, 2))
    plain = solve_relaxation(Problem(X, Y, 0.5), cover_by_cells(X))
    scaled = solve_relaxation(Problem(x * X, y * Y, 0.5 * x * y), cover_by_cells(x * X))
    assert scaled.value / y**2 == pytest.approx(plain.value, rel=VALUE)
    assert scaled.dual / y**2 == pytest.approx(plain.value, rel=1e-6)


@pytest.mark.parametrize("spoil", ["x", "z", "noise"])
def test_a_solver_that_errs_proves_less_never_too_much(monkeypatch, spoil):
    rng = np.random.default_rng(3)

    def spoiled(program):
        point = solve_interior(program)
        x, z = point.x.copy(), point.z.copy()
        if spoil == "x":
            x *= 1.3
        elif spoil == "z":
            z *= -1.0
        else:
            x += 0.1 * rng.standard_normal(x.shape)
            z += 0.1 * rng.standard_normal(z.shape)
        return replace(point, x=x, z=z, status="spoiled")

    X, Y = rng.standard_normal((6, 2)), rng.standard_normal((6, 2))
    problem = Problem(X, Y, 0.3)
    right = solve_relaxation(problem, cover_by_cells(X))
    monkeypatch.setitem(relaxation_module.SOLVERS, "interior", spoiled)
    wrong = solve_relaxation(problem, cover_by_cells(X))
    assert wrong.status == "spoiled"
    assert wrong.dual <= right.value
    assert wrong.value >= right.dual
    assert wrong.relative_gap > 1e-4


def test_bound_without_multipliers_is_the_top_singular_value():
    X, Z = np.eye(2), np.array([[3.0], [-4.0]])
    cover = cover_by_cells(X)
    zero = tuple(np.zeros((2, 2)) for _ in cover.regions)
    # The all-active cell alone would see 5; kappa is 3 and -4's own cell 4.
    assert bound_norm(cover, Z, zero) == pytest.approx(5.0)
    assert relaxed_norm(cover, Z).bound == pytest.approx(4.0, rel=1e-7)
    assert prove_over_cover(orthant_problem(), cover, Z, zero).kappa_bound >= 5.0


def test_covers_of_other_data_are_refused():
    problem = orthant_problem()
    with pytest.raises(ValueError, match="must be of the problem's X"):
        solve_relaxation(problem, cover_by_cells(np.eye(3)))
    with pytest.raises(ValueError, match=r"must be of .* got one of \(2, 1\)"):
        solve_relaxation(problem, cover_by_cells(np.ones((2, 1))))


def test_unknown_solvers_are_refused():
    problem = orthant_problem()
    with pytest.raises(ValueError, match="'interior', 'splitting'; got 'magic'"):
        solve_relaxation(problem, cover_by_cells(problem.X), solver="magic")


def test_eigenvalue_bound_is_just_above():
    S = np.diag([1.0, -5.0, 3.0])
    assert 3.0 <= bound_eigenvalue(S) <= 3.0 * (1 + 1e-12)
    assert 0.0 <= bound_eigenvalue(np.zeros((2, 2))) <= 1e-300
    with pytest.raises(ValueError, match=r"S must be finite; got .*\(1 such"):
        bound_eigenvalue(np.array([[np.nan]]))


# -- whitened data


def test_whitened_orthant_problem_costs_three_quarters():
    found = solve_whitened(np.array([[1.0], [-1.0]]), 0.5, tolerance=1e-8)
    assert found.value == pytest.approx(0.75, rel=1e-8)
    assert found.proof.value <= 0.75
    assert found.status == "The relative gap reached the tolerance."


def test_whitened_reports_the_limit_of_steps():
    Y = np.random.default_rng(4).standard_normal((6, 2))
    seen = []
    found = solve_whitened(
        Y, 0.3, tolerance=1e-14, steps=30, progress=lambda *entry: seen.append(entry)
    )
    assert not found.converged
    assert found.status == "The limit of 30 steps was reached."
    assert [entry[0] for entry in seen] == [20, 30]
    assert found.proof.value < found.value


def test_whitened_bounds_improve_step_by_step():
    Y = np.random.default_rng(5).standard_normal((10, 3))
    seen = []
    solve_whitened(Y, 0.2, tolerance=1e-8, progress=lambda *entry: seen.append(entry))
    _, values, bounds = np.array(seen).T
    assert (np.diff(values) <= 0).all()
    assert (np.diff(bounds) >= 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "tolerance > 0 and steps >= 1"),
        ({"steps": 0}, "tolerance > 0 and steps >= 1"),
    ],
)
def test_whitened_refuses_empty_limits(options, message):
    with pytest.raises(ValueError, match=message):
        solve_whitened(np.eye(2), 0.5, **options)


def test_whitened_refuses_a_beta_that_is_not_positive():
    with pytest.raises(ValueError, match="beta must be positive"):
        solve_whitened(np.eye(2), 0.0)


@pytest.mark.parametrize(
    "N", [-np.eye(2), np.array([[0.0, 1.0], [0.0, 0.0]]), np.zeros((3, 3))]
)
def test_whitened_proof_refuses_other_multipliers(N):
    with pytest.raises(ValueError, match="symmetric N >= 0 of shape"):
        prove_whitened(np.eye(2), 0.5, np.eye(2), N)


def test_whitened_proof_by_hand():
    # Z = beta (1, -1) has top eigenvalue 2 beta^2; N = beta^2 off the diagonal makes
    # Z Z^T + N = beta^2 I, and the value 2 beta - beta^2 = 0.75.
    beta, Y = 0.5, np.array([[1.0], [-1.0]])
    N = beta**2 * np.array([[0.0, 1.0], [1.0, 0.0]])
    proof = prove_whitened(Y, beta, beta * Y, N)
    assert proof.value == pytest.approx(0.75, rel=1e-12)
    assert proof.value <= 0.75
    weaker = prove_whitened(Y, beta, beta * Y, np.zeros((2, 2)))
    assert weaker.value < 0.65


def test_whitened_point_cuts_only_the_singular_values_that_are_too_long():
    Y = np.diag([3.0, 0.2])
    ((Z, N),) = whitened_module._feasible(Y, np.zeros((2, 2)), 0.5)
    assert np.allclose(Z, np.diag([0.5, 0.2]), atol=1e-15)
    # Scaling all of Y instead would prove less.
    cut, scaled = (prove_whitened(Y, 0.5, M, N).value for M in (Z, Y))
    assert cut == pytest.approx(0.5 * 3 - 0.125 + 0.02, rel=1e-12)
    assert scaled < cut - 0.01


# -- scalar programs


@pytest.mark.parametrize(
    "program", [scalar_dual, scalar_program, spike_free_scalar_program]
)
def test_scalar_programs_refuse_two_outputs(program):
    with pytest.raises(ValueError, match="need one output"):
        program(Problem(np.eye(2), np.eye(2), 0.5))


def test_scalar_program_returns_the_neurons():
    found = spike_free_scalar_program(orthant_problem())
    ((w, v),) = found.blocks
    assert found.status == "optimal"
    assert w == pytest.approx([0.5, 0.0], abs=1e-6)
    assert v == pytest.approx([0.0, 0.5], abs=1e-6)
