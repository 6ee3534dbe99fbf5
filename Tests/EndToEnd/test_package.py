"""Package.swift names what each target imports: nothing that no file imports, and nothing less."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMPORT = re.compile(r"^\s*(?:@(\w+)(?:\([^)]*\))?\s+)*(?:public |package |internal |fileprivate |private )?import (?:\w+ )?(\w+)", re.M)


def manifest():
    swift = shutil.which("swift") or pytest.skip("there is no swift on this machine")
    result = subprocess.run([swift, "package", "dump-package"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return {target["name"]: target for target in json.loads(result.stdout)["targets"]}


def imports(folder):
    """Module -> the files that import it."""
    found = {}
    for file in sorted(folder.rglob("*.swift")):
        for match in IMPORT.finditer(file.read_text()):
            assert match.group(1) != "_exported", f"{file}: who needs {match.group(2)} imports it"
            found.setdefault(match.group(2), []).append(str(file.relative_to(ROOT)))
    return found


def differences(targets, imported):
    """What is wrong, a line each; `imported` maps a target to its modules and their files."""
    wrong = []
    for name, modules in sorted(imported.items()):
        own = {module: files for module, files in modules.items() if module in targets or module.replace("_", "-") in targets}
        named = {next(iter(dependency.values()))[0].replace("-", "_") for dependency in targets[name]["dependencies"]}
        wrong += [f"{name} does not name {module}, which {files[0]} imports" for module, files in own.items() if module not in named]
        wrong += [f"{name} names {module}, which none of its files imports" for module in sorted(named - own.keys())]
    return wrong


def folder(target):
    default = "Tests" if target["type"] == "test" else "Sources"
    return ROOT / (target.get("path") or f"{default}/{target['name']}")


def test_dependencies_are_the_imports():
    targets = manifest()
    swift = {name: target for name, target in targets.items() if target["type"] != "system" and any(folder(target).rglob("*.swift"))}
    assert {"Telemetry", "GatewayCore", "steward", "GatewayCoreTests", "TestSupport"} <= swift.keys()
    wrong = differences(targets, {name: imports(folder(target)) for name, target in swift.items()})
    assert not wrong, "\n".join(wrong)


def test_both_directions_are_seen():
    targets = {"A": {"dependencies": [{"byName": ["B", None]}]}, "B": {"dependencies": []}, "C": {"dependencies": []}}
    assert differences(targets, {"A": {"B": ["a.swift"], "Testing": ["a.swift"]}}) == []
    assert differences(targets, {"A": {}}) == ["A names B, which none of its files imports"]
    assert differences(targets, {"A": {"B": ["a.swift"], "C": ["c.swift"]}}) == ["A does not name C, which c.swift imports"]
    lines = "import B\n@testable import C\nimport struct D.E\n@preconcurrency import F\n// import G\n    import H"
    assert [match[1] for match in IMPORT.findall(lines)] == ["B", "C", "D", "F", "H"]
