"""A problem in well-chosen units and coordinates, and the way back."""

from dataclasses import dataclass, replace

from lib.numerics import Array, unit_of
from lib.problem.problem import Network, Problem, reduce_rank


@dataclass(frozen=True, eq=False)
class Units:
    """How the problem that is solved was made from the problem asked.

    Parameters
    ----------
    basis : (d, r) array
        Orthonormal basis of the row space of X.
    x, y : float
        Powers of two by which X and Y were divided.
    """

    basis: Array
    x: float
    y: float

    def enter(self, network: Network) -> Network:
        """Return the network that does in these units what the given one does."""
        U, V = network.U @ self.basis, network.V * (self.x / self.y)
        return Network(U, V).balanced()

    def leave(self, network: Network) -> Network:
        """Return the network in the units of the problem asked."""
        U, V = network.U @ self.basis.T, network.V * (self.y / self.x)
        return Network(U, V).balanced()

    @property
    def value(self) -> float:
        """The unit of the objective."""
        return self.y * self.y

    @property
    def kappa(self) -> float:
        """The unit of kappa and of beta."""
        return self.x * self.y


def in_units(problem: Problem) -> tuple[Problem, Units]:
    """Reduce the rank of X and bring the largest entries of X and Y near 1.

    Powers of two change nothing but exponents. Y keeps its unit where the loss has
    one of its own, as labels do. O(n d min(n, d)).
    """
    x = unit_of(problem.X)
    reduced = reduce_rank(problem.X / x)
    y = unit_of(problem.Y) if problem.loss.free_unit else 1.0
    loss, Y = problem.loss.scaled(problem.Y, y)
    inner = replace(
        problem, X=reduced.coordinates, Y=Y, loss=loss, beta=problem.beta / x / y
    )
    return inner, Units(reduced.basis, x, y)
