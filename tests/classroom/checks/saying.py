"""What a check prints about an answer."""


def says(capsys, check, *answers):
    """Hand in answers; get the one line that the check prints."""
    assert check(*answers) is None, "or the notebook would show it"
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    return shown
