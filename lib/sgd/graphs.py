"""One epoch as a CUDA graph: hundreds of small kernels started at once."""

from collections.abc import Callable

import torch

from lib.sgd.epochs import Epochs

WARM_UP = 3
"""Epochs before the capture, in which CUDA libraries make their workspaces."""


def stepper(epochs: Epochs) -> Callable[[], None]:
    """Return what makes an epoch: the method itself, or its CUDA graph.

    An epoch changes tensors in place and asks the host for nothing, so it can be
    captured once and replayed. Capturing needs epochs to warm up; the state from
    before is put back into the same tensors afterwards. Autograd, which losses other
    than the squared one need, is not captured.
    """
    if epochs.U.device.type != "cuda" or epochs.data.loss is not None:
        return epochs.advance
    state = epochs.save()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.no_grad(), torch.cuda.stream(side):
        for _ in range(WARM_UP):
            epochs.advance()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.no_grad(), torch.cuda.graph(graph):
        epochs.advance()
    epochs.load(state)
    return graph.replay
