"""How far a network is from the global optimum: proofs that trust no solver."""

from lib.certificate.distance import (
    Distance,
    Improvement,
    Neighbourhood,
    add_neuron,
    locate,
    measure,
    rescale,
    within,
)
from lib.certificate.exact import ExactCertificate, ask_checker, exact_certificate
from lib.certificate.solution import Round, Solution
from lib.certificate.weak_duality import Certificate, beta_max, certify

__all__ = [
    "Certificate",
    "Distance",
    "ExactCertificate",
    "Improvement",
    "Neighbourhood",
    "Round",
    "Solution",
    "add_neuron",
    "ask_checker",
    "beta_max",
    "certify",
    "exact_certificate",
    "locate",
    "measure",
    "rescale",
    "within",
]
