"""What pyfixest and csdid estimate from a panel that Steward reads as well; runs in the environment `effects`.

    effect_estimates.py holdout PANEL.csv START PAST_DAYS device|exposure
    effect_estimates.py stepped PANEL.csv FIRST_DAY BLOCK_DAYS site|device

Prints JSON: for each way to estimate, the estimate and its standard error.
"""

import json
import sys

import numpy as np
import pandas as pd


def holdout(panel, start, past_days, weighing):
    """The regression of the outcome on arm and past, of days or of devices, with errors clustered by device."""
    import pyfixest as pf

    past = panel[(panel.day >= start - past_days) & (panel.day < start)].groupby("device")[["amount", "exposure"]].sum()
    after = panel[(panel.day >= start) & (panel.exposure > 0)].copy()
    after["rate"] = after.amount / after.exposure
    whole = after.groupby("device").exposure.transform("sum")
    # A day counts by its exposure; where each device counts once, by its part of the device's.
    after["weight"] = after.exposure / whole if weighing == "device" else after.exposure
    after["treated"] = (after.arm == "treatment") * 1.0
    past = past[past.exposure > 0]
    rate = after.device.map(past.amount / past.exposure)
    missing = rate.isna()
    after["past"] = rate.fillna(np.average(rate[~missing], weights=after.weight[~missing])) if past_days else 0.0
    after["missing"] = missing * 1.0
    formula = "rate ~ treated" + (" + past" if past_days else "") + (" + missing" if past_days and missing.any() else "")
    days = pf.feols(formula, data=after, weights="weight", vcov={"CRV1": "device"}, ssc=pf.ssc(k_adj=False, G_adj=False))

    devices = after.groupby("device").agg(rate=("amount", "sum"), exposure=("exposure", "sum"), treated=("treated", "first"), past=("past", "first"), missing=("missing", "first"), weight=("weight", "sum"))
    devices["rate"] /= devices.exposure
    fits = {"days": days}
    for kind in ("HC1", "HC2"):
        # pyfixest scales HC2 by n / (n - k), which the textbooks do not; see findings/pyfixest-hc2-is-scaled.sh.
        fits[kind] = pf.feols(formula, data=devices, weights="weight", vcov=kind, ssc=pf.ssc(k_adj=kind == "HC1", G_adj=False))
    columns = 1 + len(formula.split("~")[1].split("+"))
    return {name: [fit.coef()["treated"], fit.se()["treated"]] for name, fit in fits.items()} | {"devices": len(devices), "columns": columns}


def stepped(panel, first_day, block_days, unit):
    """Group-time effects with controls that are not treated yet, aggregated over all and by time since adoption."""
    from csdid.att_gt import ATTgt

    panel = panel[panel.day >= first_day].copy()
    panel["block"] = (panel.day - first_day) // block_days
    panel["begins"] = ((panel.adoption - first_day) // block_days).fillna(-1)
    rows = panel.groupby([unit, "device", "block", "begins"])[["amount", "exposure"]].sum().reset_index()
    rows["rate"] = rows.amount / rows.exposure
    rows = rows.groupby([unit, "block", "begins"]).rate.mean().reset_index()
    rows["number"] = rows[unit].astype("category").cat.codes + 1
    # csdid takes 0 for never, so that blocks begin with 1.
    rows["time"], rows["group"] = rows.block + 1, rows.begins + 1
    fit = ATTgt(yname="rate", gname="group", idname="number", tname="time", xformla="rate~1", data=rows, control_group="notyettreated")
    fit = fit.fit(est_method="reg", bstrap=False)
    simple = fit.aggte("simple", bstrap=False, cband=False).atte
    dynamic = fit.aggte("dynamic", bstrap=False, cband=False).atte
    events = {int(e): [float(a), float(s)] for e, a, s in zip(dynamic["egt"], dynamic["att_egt"], np.ravel(dynamic["se_egt"])) if e >= 0}
    return {"simple": [float(simple["overall_att"]), float(np.ravel(simple["overall_se"])[0])], "events": events}


if __name__ == "__main__":
    kind, path, *words = sys.argv[1:]
    table = pd.read_csv(path)
    words = [word if index == 2 else int(word) for index, word in enumerate(words)]
    result = holdout(table, *words) if kind == "holdout" else stepped(table, *words)
    print("RESULT " + json.dumps(result))
