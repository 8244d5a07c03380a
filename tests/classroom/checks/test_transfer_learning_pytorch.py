import copy

from tests.classroom.checks.saying import says
from tllib.classroom.checks import transfer_learning_pytorch as lesson

import numpy as np
import pytest

torch = pytest.importorskip("torch")
cross_entropy = torch.nn.functional.cross_entropy


def test_back_to_a_picture(capsys):
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3)).astype("float32"))
    pixels[0, 0, 0, 0], pixels[0, 0, 0, 1] = 0, 255
    batch = ((pixels - 127) / 128).permute(0, 3, 1, 2)
    for right in (pixels[0], pixels[0].numpy().astype("uint8"), batch[0].permute(1, 2, 0) * 128 + 127,
                  np.moveaxis(batch[0].numpy(), 0, -1) * 127.5 + 127.5):
        assert "right." in says(capsys, lesson.picture, right, batch)
    for wrong, hint in ((..., "dots"), (pixels, "not a batch"), (batch[0] * 128 + 127, "colours still come first"),
                        (pixels[0, :12], "the shape is (12, 24, 3)"), (batch[0].permute(1, 2, 0), "network takes"),
                        (batch[0].permute(1, 2, 0) * 128, "two things"), ("cat", "the shape is ()"),
                        (pixels[0].permute(1, 0, 2), "on its side"), (pixels[0].flip(-1), "blue is where"),
                        (pixels[0].flip(0), "values go from 0 to 255"),
                        ((batch[0] * 128 + 127).reshape(24, 24, 3), "elsewhere"),
                        (batch[0].permute(1, 2, 0) * 255, "those of the file from 0 to 255")):
        assert hint in says(capsys, lesson.picture, wrong, batch)


@pytest.fixture(scope="module")
def task():
    torch.manual_seed(0)
    y = torch.arange(60) // 30
    return torch.rand(60, 40) + 0.5 * y[:, None], y


def train(task, lines, make=torch.optim.SGD, share=4, **options):
    """Run lines, one letter each: zero_grad, step, and quarters with guess, loss and backward, with z and s within."""
    x, y = task
    fresh = torch.nn.Linear(40, 2)
    for tensor in fresh.parameters():
        torch.nn.init.zeros_(tensor)
    optimizer, loss = make(fresh.parameters(), lr=0.01), None
    before, within, after = lines.split("|")
    act = {"z": optimizer.zero_grad, "s": optimizer.step}
    for _ in range(20):
        for line in before:
            act[line]()
        for part, labels in zip(x.chunk(4), y.chunk(4), strict=True):
            for line in within:
                if line == "b":
                    loss = cross_entropy(fresh(part), labels, **options) / share
                    loss.backward()
                else:
                    act[line]()
        for line in after:
            act[line]()
    return loss, fresh


def test_a_batch_in_quarters(capsys, task):
    for right in (train(task, "z|b|s"), train(task, "|b|sz"), train(task, "z|b|s", share=60, reduction="sum")):
        assert "right." in says(capsys, lesson.quarters, *right, *task)
    fresh = copy.deepcopy(train(task, "||")[1])
    for _ in range(20):  # as if it had been one batch
        loss = cross_entropy(fresh(task[0]), task[1])
        for tensor, slope in zip(fresh.parameters(), torch.autograd.grad(loss, list(fresh.parameters())), strict=True):
            tensor.data -= 0.01 * slope
    assert "right." in says(capsys, lesson.quarters, loss, fresh, *task)
    for lines, hint in (("|b|s", "earlier rounds"), ("|zb|s", "last quarter"), ("|zbs|", "follows each quarter"),
                        ("z|bs|", "follows each quarter"), ("z|b|zs", "forgotten before the step"),
                        ("z|b|", "does a step come after")):
        for share in (4, 1):
            assert hint in says(capsys, lesson.quarters, *train(task, lines, share=share), *task)
    for wrong, hint in (((..., fresh), "dots"), (train(task, "z|b|s", share=1), "four times too long"),
                        ((0.4, train(task, "z||s")[1]), "never computed"),
                        (train(task, "z|b|s", torch.optim.Adam), "elsewhere"), ((0.4, "head"), "can't be checked")):
        assert hint in says(capsys, lesson.quarters, *wrong, *task)


def test_what_moved(capsys):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Conv2d(4, 5, 3))
    trap = copy.deepcopy(network).train()
    trap(torch.rand(2, 3, 8, 8))
    differ = ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
    for right in (differ, reversed(differ), set(differ), dict.fromkeys(differ), np.array(differ)):
        assert "right." in says(capsys, lesson.moved, right, network, trap)
    for wrong, hint in ((..., "dots"), (differ[:2], "1 of the 3 that differ are missing: BatchNorm"),
                        (differ[0], "2 of the 3"), ([], "3 of the 3 that differ are missing."),
                        (list(network.state_dict()), "6 of these 9 are the same"),
                        ([name for name, _ in network.named_parameters()], "6 of these 6 are the same in both, 0.bias"),
                        (["running_mean"], "'running_mean' is no name"), (3, "can't be checked"),
                        ([trap[1].running_mean], "the keys of the state dict")):
        assert hint in says(capsys, lesson.moved, wrong, network, trap)


def test_two_speeds(capsys):
    can_learn = [torch.nn.Parameter(torch.zeros(2, 2)) for _ in range(5)]
    before, head, frozen = can_learn[:3], can_learn[3:], torch.nn.Parameter(torch.ones(2))

    def adam(*groups, **options):
        groups = [{"params": params} | ({} if lr is None else {"lr": lr}) for params, lr in groups]
        return torch.optim.Adam(groups, **options)

    halves = adam((before[:1], 1e-4), (before[1:], 1e-4), (head, 1e-3))
    for right in (adam((head, 1e-3), (before, 1e-4)), adam((before, None), (head, 1e-3), lr=1e-4), halves,
                  torch.optim.SGD([{"params": before, "lr": 0.0001}, {"params": head, "lr": 0.001}])):
        assert "right." in says(capsys, lesson.two_speeds, right, can_learn, head)
    for wrong, hint in ((..., "dots"), (torch.optim.Adam(can_learn, lr=1e-3), "at one rate"),
                        (adam((head, 1e-4), (before, 1e-3)), "other way round"),
                        (adam((head, 1e-3), ([*before, frozen], 1e-4)), "1 of its tensors are frozen"),
                        (adam((head, 1e-3), (before[1:], 1e-4)), "1 of the tensors that can learn are in no group"),
                        (adam((head, 1e-3), (before, 1e-2)), "before the head learns at 0.01"),
                        (adam((head, 1e-2), (before, 1e-4)), "of the head learns at 0.01"),
                        ([head, before], "an optimizer of PyTorch"), (1e-3, "an optimizer of PyTorch")):
        assert hint in says(capsys, lesson.two_speeds, wrong, can_learn, head)
