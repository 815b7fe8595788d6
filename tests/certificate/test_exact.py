"""Exact certificates and their independent checker, and what it must not accept."""

import copy
import json
import math
import subprocess
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from lib.certificate import ExactCertificate, certify, exact_certificate
from lib.certificate.exact import (
    exact_dual,
    exact_primal,
    independent_rows,
    is_copositive,
    is_feasible,
)
from lib.cone_pca import correlation, oracle
from lib.frank_wolfe import solve
from lib.losses import SQUARED
from lib.networks import with_ones
from lib.problem import Network, Problem, objective
from tools.check_certificate import (
    RejectedError,
    check,
    copositive,
    reduced,
    require_feasible,
)

CHECKER = Path(__file__).resolve().parents[2] / "tools" / "check_certificate.py"


def problem_of(d, n=6, c=2, seed=0, pooling=1):
    """Return a random problem with d inputs."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n * pooling, d))
    return Problem(X, rng.standard_normal((n, c)), 0.3, pooling=pooling)


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """A saved certificate of an optimal planar network."""
    problem = problem_of(2)
    path = tmp_path_factory.mktemp("exact") / "certificate.json"
    exact_certificate(problem, solve(problem).network).save(path)
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("pooling", [1, 3])
def test_exact_certificate_of_an_optimum_is_tight(d, pooling):
    problem = problem_of(d, pooling=pooling)
    proof = exact_certificate(problem, solve(problem).network)
    assert 0 <= proof.relative_gap < 1e-9
    rounded = certify(problem, proof.network, refine=3)
    assert float(proof.primal) == pytest.approx(rounded.primal, rel=1e-14)
    # The floating-point bound was rounded down; the exact one is not below it.
    assert float(proof.dual) >= rounded.dual


def test_bias_of_scalar_outputs_is_certified_exactly():
    rng = np.random.default_rng(2)
    X = with_ones(rng.standard_normal((7, 1)))
    problem = Problem(X, rng.standard_normal(7), 0.2)
    assert exact_certificate(problem, solve(problem).network).relative_gap < 1e-9


def test_exact_values_are_those_of_small_integers():
    problem = Problem([[1.0], [-2.0]], [[3.0], [1.0]], 0.5)
    network = Network([[1.0]], [[2.0]])
    # F = (2, 0): 1/2 (1 + 1) + 0.25 (1 + 4).
    assert exact_primal(problem, network) == Fraction(9, 4)
    assert exact_dual(problem.Y, np.array([[1.0], [2.0]])) == Fraction(5, 2)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_exact_values_agree_with_floating_point(d, seed):
    problem = problem_of(d, seed=seed)
    rng = np.random.default_rng(seed)
    network = Network(rng.standard_normal((4, d)), rng.standard_normal((4, 2)))
    primal = float(exact_primal(problem, network))
    assert primal == pytest.approx(objective(problem, network), rel=1e-14)
    Z = rng.standard_normal((6, 2))
    dual = float(exact_dual(problem.Y, Z))
    # Terms of order one, 12 of them, a few roundings each.
    assert dual - 1e-13 <= SQUARED.dual(Z, problem.Y) <= dual


def dense_kappa(problem, Z, points=20001):
    """Return kappa over a fine grid of directions, from below."""
    d = problem.X.shape[1]
    rng = np.random.default_rng(0)
    turn = np.linspace(0, 2 * np.pi, points)
    U = np.column_stack([np.cos(turn), np.sin(turn)]) if d == 2 else None
    U = rng.standard_normal((points, d)) if U is None else U
    U = U / np.linalg.norm(U, axis=1, keepdims=True)
    return correlation(problem.X, problem.spread(Z), U).max()


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("pooling", [1, 2])
def test_feasibility_flips_at_kappa(d, pooling):
    problem = problem_of(d, pooling=pooling)
    kappa = dense_kappa(problem, problem.Y)
    # The grid misses kappa by at most 3 % in space, by 1e-7 in the plane.
    for share, feasible in ((0.999, False), (1.03, True)):
        tried = Problem(problem.X, problem.Y, share * kappa, pooling=pooling)
        assert is_feasible(tried, problem.Y) == feasible


def test_feasibility_is_decided_to_the_last_bit():
    # kappa(Z) = 1 exactly, in a corner, along a wall and inside a cell.
    for X, Z in (
        ([[1.0, 0.0], [0.0, 1.0]], [[1.0], [0.0]]),
        ([[3.0, 4.0]], [[0.2]]),
        ([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [[1.0], [5.0]]),
    ):
        reach = Fraction(Z[0][0]) ** 2 * sum(Fraction(x) ** 2 for x in X[0])
        beta = math.sqrt(reach)
        beta = beta if Fraction(beta) ** 2 >= reach else math.nextafter(beta, 2.0)
        Z = np.array(Z)
        assert is_feasible(Problem(X, 0 * Z, beta), Z)
        assert not is_feasible(Problem(X, 0 * Z, beta * (1 - 2**-52)), Z)


@pytest.mark.parametrize("decide", [is_copositive, copositive])
def test_copositivity_agrees_with_trying_all_small_integers(decide):
    rng = np.random.default_rng(0)
    grid = np.array([t for t in product(range(13), repeat=3) if any(t)])
    verdicts = set()
    for _ in range(400):
        M = rng.integers(-4, 7, (3, 3))
        M = (M + M.T).tolist()
        found = decide(M)
        verdicts.add(found)
        low = int((grid @ np.array(M) * grid).sum(axis=1).min())
        if found:
            assert low >= 0
        elif low >= 0:
            # Negative between grid points only, so by less than a slight lift adds.
            lifted = 1000 * np.array(M) + 600 * np.eye(3, dtype=int)
            assert decide(lifted.tolist())
    assert verdicts == {True, False}


def test_both_copositivity_criteria_agree():
    for seed in range(200):
        M = np.random.default_rng(seed).integers(-3, 4, (3, 3))
        # Squares less a little sit on the border.
        for matrix in (M + M.T, M @ M.T, M @ M.T - np.eye(3, dtype=int)):
            rows = matrix.tolist()
            assert is_copositive(rows) == copositive(rows), rows


def test_checker_accepts_what_was_saved(document):
    primal, dual = check(document)
    assert 0 <= primal - dual <= Fraction(1, 10**9) * primal


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("share", [0.97, 1.03])
def test_checker_and_solver_agree_on_feasibility(d, share, tmp_path):
    problem = problem_of(d, n=5, seed=4)
    kappa = dense_kappa(problem, problem.Y)
    problem = Problem(problem.X, problem.Y, share * kappa)
    network, path = Network.zero(d, 2), tmp_path / "c.json"
    good = is_feasible(problem, problem.Y)
    ExactCertificate(
        problem,
        network,
        problem.Y,
        exact_primal(problem, network),
        exact_dual(problem.Y, problem.Y),
    ).save(path)
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert good == (share > 1)
    if good:
        assert check(saved) == (exact_primal(problem, network),) * 2
    else:
        with pytest.raises(RejectedError, match="not feasible"):
            check(saved)


def changed_digit(text, place):
    """Replace one hexadecimal digit of the mantissa by another."""
    start = text.index("x1.") + 3
    digit = text[start + place]
    return (
        text[: start + place]
        + ("0" if digit != "0" else "1")
        + text[start + place + 1 :]
    )


@pytest.mark.parametrize("name", ["X", "Y", "U", "V", "Z"])
@pytest.mark.parametrize("place", [0, 5, 12])
def test_checker_notices_one_changed_digit(document, name, place):
    forged = copy.deepcopy(document)
    forged[name][0][0] = changed_digit(forged[name][0][0], place)
    with pytest.raises(RejectedError):
        check(forged)


@pytest.mark.parametrize("place", [0, 6, 12])
def test_checker_notices_a_changed_beta(document, place):
    forged = copy.deepcopy(document)
    forged["beta"] = changed_digit(forged["beta"], place)
    with pytest.raises(RejectedError):
        check(forged)


@pytest.mark.parametrize("name", ["X", "Y", "U", "V", "Z"])
@pytest.mark.parametrize("place", ["row", "column", "all"])
def test_checker_notices_missing_numbers(document, name, place):
    forged = copy.deepcopy(document)
    if place == "row":
        forged[name].pop()
    elif place == "column":
        forged[name] = [row[:-1] for row in forged[name]]
    else:
        del forged[name]
    with pytest.raises(RejectedError):
        check(forged)


@pytest.mark.parametrize("name", ["primal", "dual", "gap"])
def test_checker_notices_other_claims(document, name):
    forged = copy.deepcopy(document)
    forged[name] = str(Fraction(forged[name]) * (1 - Fraction(1, 10**30)))
    with pytest.raises(RejectedError, match=f"stated {name}"):
        check(forged)


def test_checker_refuses_an_infeasible_point_with_matching_claims(document):
    # Z stretched by a trillionth, and the values recomputed to fit.
    forged = copy.deepcopy(document)
    Z = np.array([[float.fromhex(z) for z in row] for row in document["Z"]])
    Y = np.array([[float.fromhex(y) for y in row] for row in document["Y"]])
    Z = Z * (1 + 1e-9)
    dual = exact_dual(Y, Z)
    forged["Z"] = [[z.hex() for z in row] for row in Z.tolist()]
    forged["dual"] = str(dual)
    forged["gap"] = str(Fraction(forged["primal"]) - dual)
    with pytest.raises(RejectedError, match="not feasible"):
        check(forged)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "other"),
        ("loss", "huber"),
        ("pooling", 0),
        ("pooling", True),
        ("pooling", 2),
        ("beta", "0x0p+0"),
        ("beta", "nan"),
        ("beta", 0.3),
        ("X", "none"),
        ("Z", [["inf"]]),
        ("primal", "1/0"),
        ("primal", None),
    ],
)
def test_checker_refuses_other_contents(document, name, value):
    forged = {**copy.deepcopy(document), name: value}
    with pytest.raises(RejectedError):
        check(forged)


def test_checker_runs_alone_from_the_command_line(document, tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(document), encoding="utf-8")
    bad.write_text(json.dumps({**document, "beta": "0x1p-9"}), encoding="utf-8")
    # -I -S: no packages, no current directory, the standard library alone.
    run = [sys.executable, "-I", "-S", str(CHECKER)]
    accepted = subprocess.run([*run, good], capture_output=True, text=True, check=False)
    refused = subprocess.run([*run, bad], capture_output=True, text=True, check=False)
    unused = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (accepted.returncode, refused.returncode, unused.returncode) == (0, 1, 2)
    assert "proved" in accepted.stdout
    assert "REJECTED" in refused.stdout


def test_other_losses_are_refused():
    problem = Problem([[1.0], [2.0]], [[1.0], [0.0]], 0.1, loss="logistic")
    with pytest.raises(ValueError, match="needs the squared loss"):
        exact_certificate(problem, Network.zero(1, 1))


def test_rank_above_three_is_refused_and_named():
    X = np.vstack([np.eye(4), np.ones(4)])
    problem = Problem(X, np.ones(5), 0.1)
    with pytest.raises(ValueError, match=r"rank at most 3, exactly.*4 independent"):
        exact_certificate(problem, Network.zero(4, 1))


def widened(X, rng):
    """Return X on a grid, and columns that are small integers times its columns."""
    mixer = rng.integers(-2, 3, (X.shape[1], 3))
    X = np.round(X * 64) / 64
    return np.column_stack([X, X @ mixer])


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_more_columns_than_rank_are_certified_and_checked(rank, tmp_path):
    rng = np.random.default_rng(rank)
    X = widened(rng.standard_normal((6, rank)), rng)
    integers = (64 * X).astype(int).astype(object)
    assert len(independent_rows(integers, 4)) == rank
    problem = Problem(X, rng.standard_normal((6, 2)), 0.3)
    proof = exact_certificate(problem, solve(problem).network)
    assert 0 <= proof.relative_gap < 1e-9
    proof.save(tmp_path / "c.json")
    saved = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert check(saved) == (proof.primal, proof.dual)
    forged = {**saved, "beta": (problem.beta * 0.999).hex()}
    network = Network(proof.network.U, proof.network.V)
    less = Problem(problem.X, problem.Y, problem.beta * 0.999)
    primal = exact_primal(less, network)
    forged |= {"primal": str(primal), "gap": str(primal - proof.dual)}
    with pytest.raises(RejectedError, match="not feasible"):
        check(forged)


def test_bias_of_two_inputs_and_a_copied_column_are_of_rank_three(tmp_path):
    rng = np.random.default_rng(5)
    inputs = rng.standard_normal((6, 2))
    X = with_ones(np.column_stack([inputs, inputs[:, 0]]))
    problem = Problem(X, rng.standard_normal(6), 0.2)
    proof = exact_certificate(problem, solve(problem).network)
    assert proof.relative_gap < 1e-9
    proof.save(tmp_path / "c.json")
    assert check(json.loads((tmp_path / "c.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("share", [0.999, 1.001])
def test_feasibility_of_wide_data_flips_at_kappa(share):
    rng = np.random.default_rng(7)
    X = widened(rng.standard_normal((7, 2)), rng)
    Z = rng.standard_normal((7, 2))
    problem = Problem(X, Z, share * oracle(X, Z).value)
    assert is_feasible(problem, Z) == (share > 1)
    network = Network.zero(5, 2)
    values = exact_primal(problem, network), exact_dual(problem.Y, Z)
    data = {"X": X, "Z": Z, "beta": problem.beta, "pooling": 1}
    exact = {k: [[Fraction(e) for e in row] for row in data[k].tolist()] for k in "XZ"}
    if share > 1:
        assert values[0] >= values[1]
        require_feasible({**data, **exact, "beta": Fraction(problem.beta)})
    else:
        with pytest.raises(RejectedError, match="not feasible"):
            require_feasible({**data, **exact, "beta": Fraction(problem.beta)})


def test_rank_is_that_of_the_floats_not_of_a_rounded_decision():
    # 0.1 + 0.2 is not 0.3 in floats: the rank is 2, which no tolerance tells.
    rows = [[0.1, 0.1], [0.3, 0.1 + 0.2]]
    whole = [[int(Fraction(e) * 2**60) for e in row] for row in rows]
    integers = np.array(whole, dtype=object)
    assert len(independent_rows(integers, 4)) == 2
    assert np.linalg.matrix_rank(rows) == 1


def test_checker_refuses_a_rank_above_three(document):
    eye = [[float(i == j).hex() for j in range(4)] for i in range(6)]
    forged = {**copy.deepcopy(document), "X": eye, "U": [], "V": []}
    with pytest.raises(RejectedError):
        check(forged)
    with pytest.raises(RejectedError, match="rank above 3"):
        reduced([[Fraction(i == j) for j in range(4)] for i in range(4)])


def test_data_of_zeros_are_always_feasible():
    problem = Problem(np.zeros((3, 5)), np.ones(3), 0.1)
    proof = exact_certificate(problem, Network.zero(5, 1))
    assert proof.gap == 0
