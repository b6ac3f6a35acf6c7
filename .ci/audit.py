"""Reads what `pip-audit --format json` has found: a known vulnerability is an error.

Where the service that knows of them cannot be asked, this says so, and that is none.
"""

import json
import sys

try:
    packages = json.load(sys.stdin)["dependencies"]
except (ValueError, KeyError):
    packages = []  # pip-audit prints nothing without a network
known = [package for package in packages if "vulns" in package]
for package in known:
    for flaw in package["vulns"]:
        mended = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {flaw['id']}, mended in {mended}")
print(f"{len(known)} of {len(packages)} installed packages could be looked up for vulnerabilities")
sys.exit(any(package["vulns"] for package in known))
