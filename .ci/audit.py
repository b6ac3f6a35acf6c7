"""Reads the output of `pip-audit --format json` and fails if it lists a known vulnerability.

pip-audit prints nothing without a network: then no package is checked, and this says so.
"""

import json
import sys

try:
    packages = json.load(sys.stdin)["dependencies"]
except (ValueError, KeyError):
    packages = []
checked = [package for package in packages if "vulns" in package]
for package in checked:
    for vulnerability in package["vulns"]:
        fix = ", ".join(vulnerability["fix_versions"]) or "no version yet"
        name = f"{package['name']} {package['version']}"
        print(f"{name}: {vulnerability['id']}, fixed in {fix}")
print(f"{len(checked)} of {len(packages)} installed packages were checked for vulnerabilities")
sys.exit(any(package["vulns"] for package in checked))
