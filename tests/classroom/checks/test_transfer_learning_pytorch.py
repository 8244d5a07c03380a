from tests.classroom.checks.saying import says
from tllib import images
from tllib.classroom.checks import transfer_learning_pytorch as lesson

import numpy as np
import pytest

torch = pytest.importorskip("torch")
cross_entropy = torch.nn.functional.cross_entropy


def test_a_photo_for_the_module(capsys, cat):
    square = images.fit(cat, 224)
    batch = torch.tensor(square[None], dtype=torch.float32)
    small = torch.nn.functional.interpolate(torch.tensor(cat[:, 75:375].transpose(2, 0, 1)[None]).float(), 224)
    for right in (batch, torch.from_numpy(images.fit_batch(cat, 224)), small.permute(0, 2, 3, 1),
                  batch.clone().requires_grad_()):
        assert "right." in says(capsys, lesson.photo, right, cat)
    for wrong, hint in ((..., "dots"), (batch.numpy(), "this is a ndarray"), (batch[0], "batch of one"),
                        (torch.tensor(square[None]), "numbers are uint8"), (batch.double(), "numbers are float64"),
                        (batch.permute(0, 3, 1, 2), "colours come first"), (batch / 255, "far too small"),
                        (torch.tensor(cat[None]).float(), "Compare it"), (batch * 2 - 100, "pixels go from"),
                        (batch.flip(-1), "blue is where"), (batch.flip(1), "middle square"), ("cat", "this is a str")):
        assert hint in says(capsys, lesson.photo, wrong, cat)


@pytest.fixture(scope="module")
def task():
    torch.manual_seed(0)
    y = torch.arange(60, dtype=torch.int32) % 2
    return torch.randn(60, 40) + 0.8 * y[:, None], y


def train(task, lines, make=torch.optim.SGD, lr=0.1, loss_of=cross_entropy):
    """Run lines, one letter each, in this order: zero_grad, guess and loss, backward, step."""
    x, y = task
    torch.manual_seed(1)
    fresh = torch.nn.Linear(40, 2)
    optimizer, loss = make(fresh.parameters(), lr=lr), None
    for _ in range(20):
        for line in lines:
            if line == "z":
                optimizer.zero_grad()
            elif line == "l":
                loss = loss_of(fresh(x), y.long())
            elif line == "b":
                loss.backward()
            else:
                optimizer.step()
    return loss, fresh


def test_five_lines(capsys, task):
    for lines in ("zlbs", "lzbs", "lbsz"):
        assert "right." in says(capsys, lesson.loop, *train(task, lines), *task)
    loss, fresh = train(task, "zlbs", torch.optim.Adam)
    assert "right." in says(capsys, lesson.loop, loss.item(), fresh, *task)
    for wrong, hint in (("lbs", "forgets the old ones"), ("zls", "never computed"),
                        ("lbzs", "forgotten before the step"),
                        ("zlb", "does a step come after"), ("zlsb", "does a step come after")):
        assert hint in says(capsys, lesson.loop, *train(task, wrong), *task)
    twice = train(task, "zlbs", lr=1.0, loss_of=lambda guesses, y: cross_entropy(guesses.softmax(dim=1), y))
    total = train(task, "zlbs", loss_of=lambda guesses, y: cross_entropy(guesses, y, reduction="sum"))
    unlucky = train(task, "zlbs", lr=float("inf"))
    for wrong, hint in (((..., fresh), "dots"), (twice, "computed from logits"), (total, "a sum"),
                        ((cross_entropy(torch.zeros(60, 2), task[1].long()), fresh), "that of the last round"),
                        (unlucky, "too large"), ((loss, "head"), "can't be checked")):
        assert hint in says(capsys, lesson.loop, *wrong, *task)


def test_a_loss_for_probabilities(capsys):
    torch.manual_seed(0)
    y = torch.arange(30, dtype=torch.int32) % 3
    found = torch.randn(30, 3).softmax(dim=1)
    by_hand = -np.log(found.numpy()[np.arange(30), y.numpy()]).mean()
    nll = torch.nn.functional.nll_loss
    for right in (by_hand, nll(found.log(), y.long()), cross_entropy(found.log(), y.long()), float(by_hand)):
        assert "right." in says(capsys, lesson.mean_loss, right, found, y)
    for wrong, hint in ((..., "dots"), (cross_entropy(found, y.long()), "second time"),
                        (nll(found, y.long()), "granted"),
                        (-nll(found, y.long()), "grows with success"), (-by_hand, "sign"), (30 * by_hand, "sum over"),
                        (by_hand / 3, "Each photo counts once"), (by_hand / np.log(2), "base 2"),
                        (by_hand / np.log(10), "base 10"), (np.log(-1 / nll(found, y.long())), "first the logarithm"),
                        (nll(found.log(), y.long(), reduction="none"), "one number"), (9.0, "9.0000 is not it"),
                        ("low", "can't be checked")):
        assert hint in says(capsys, lesson.mean_loss, wrong, found, y)


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
