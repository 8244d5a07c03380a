"""The cells of a lesson -> those that some of its cells need, so that an exercise is tried without the whole lesson."""

import ast


def names(source):
    """The names that a cell makes, and those that it uses but does not make before."""
    made, used = set(), set()
    for statement in ast.parse(source).body:
        nodes = list(ast.walk(statement))
        inner = {name.id for node in nodes if isinstance(node, (ast.For, ast.comprehension))
                 for name in ast.walk(node.target) if isinstance(name, ast.Name)}
        inner |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler)}
        inner |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        loaded = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        changed = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
        loaded |= {target.id for target in changed if isinstance(target, ast.Name)}
        used |= loaded - inner - made
        made |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        made |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        made |= {(name.asname or name.name).split(".")[0] for name in nodes if isinstance(name, ast.alias)}
    return made, used


def needed(sources, wanted):
    """Numbers of the cells to run for the `wanted` ones, in order: each name comes from the last cell that makes it.

    A cell that changes what another one made, without giving it a name, is not seen: what needs it then fails.
    """
    keep, missing = set(wanted), set()
    for number in reversed(range(len(sources))):
        made, used = names(sources[number])
        if number in keep or made & missing:
            keep.add(number)
            missing = (missing - made) | used
    return sorted(keep)
