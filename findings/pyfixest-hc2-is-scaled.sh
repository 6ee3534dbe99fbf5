#!/usr/bin/env bash
# pyfixest 0.60.0 multiplies the variances HC2 and HC3 by n / (n - k), unless it is told not to.
#
# What one would expect: HC2 divides each squared residual by 1 - h and HC3 by (1 - h)^2, and nothing else, as MacKinnon and White (1985) define
# them and as statsmodels and R's sandwich compute them. The factor n / (n - k) belongs to HC1: HC2 and HC3 are there instead of it.
# What is seen: `vcov="HC2"` gives the textbook's error times sqrt(n / (n - k)), 12 % more for 15 rows and 3 columns, so intervals are wider and
# tests weaker than the name says. With `ssc=pf.ssc(k_adj=False, G_adj=False)` it is the textbook's.
# Why it matters here: Steward's interval of an effect is HC2 with Bell and McCaffrey's degrees of freedom, and is compared with pyfixest.
#
# Installs pinned packages into a temporary folder. Fails when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pyfixest==0.60.0 statsmodels==0.15.0
cat > hc.py <<'P'
import math
import pandas as pd
import pyfixest as pf
import statsmodels.formula.api as smf

n, k = 15, 3
data = pd.DataFrame({"d": [i % 2 for i in range(n)], "x": [(i * 7) % 11 for i in range(n)], "y": [(i * i * 5) % 13 + 0.5 * i for i in range(n)]}, dtype=float)
for kind in ("HC1", "HC2", "HC3"):
    usual = pf.feols("y ~ d + x", data, vcov=kind).se()["d"]
    plain = pf.feols("y ~ d + x", data, vcov=kind, ssc=pf.ssc(k_adj=False, G_adj=False)).se()["d"]
    other = smf.ols("y ~ d + x", data).fit(cov_type=kind).bse["d"]
    print(f"{kind}: pyfixest {usual:.6f}, without correction {plain:.6f}, statsmodels {other:.6f}, ratio {usual / other:.6f}")
print(f"sqrt(n / (n - k)) = {math.sqrt(n / (n - k)):.6f}")
P
venv/bin/python hc.py 2>/dev/null | tee output
# The output of the run that this was written from:
diff output - <<'EXPECTED'
HC1: pyfixest 2.216887, without correction 1.982844, statsmodels 2.216887, ratio 1.000000
HC2: pyfixest 2.506721, without correction 2.242079, statsmodels 2.242079, ratio 1.118034
HC3: pyfixest 2.842915, without correction 2.542780, statsmodels 2.542780, ratio 1.118034
sqrt(n / (n - k)) = 1.118034
EXPECTED
echo "as described: HC2 and HC3 of pyfixest 0.60.0 are scaled by n / (n - k)"
