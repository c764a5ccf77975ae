"""What waiting gains live: `python benchmarks/live_tradeoff.py BNR_COMPOSE.json [FIGURE.svg]`: table and figure.

Scores and delay of verbs for several settings of `m2l live` on the test split of BNR-Compose.
"""

import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from motion2language.captioning.loading import load_model
from motion2language.data import corpora
from motion2language.live.draws import Patience
from motion2language.scoring.evaluate import evaluate

SETTINGS = ((0.3, 0.0), (0.4, 0.2), (0.7, 0.5), (0.8, 1.0), (0.9, 1.5), (0.95, 3.0))
COLOURS = plt.get_cmap("viridis")([0.0, 0.2, 0.4, 0.6, 0.8, 0.95])


def main(root: Path, figure: Path | None) -> None:
    """Measure, print and draw."""
    samples = corpora.load("compose", root, "test")
    captioner = load_model("live")
    print("| sure, patience | BLEU-4 | verbs exact | IoU | Element-of | 5 % | 25 % | median | 75 % | 95 % | longest |")
    print("| --- |" + " --- |" * 10)
    settings = []
    for sure, seconds in SETTINGS:
        scores = evaluate(captioner, samples, live=Patience(sure, seconds)).scores
        model, bleu = scores.segments, scores.captions["bleu_4"]
        quantiles = {
            float(name.removeprefix("quantile_")): value
            for name, value in scores.delay.items()
            if name.startswith("quantile_")
        }
        verbs, overlap, inside = (
            model[name] for name in ("verbs_exact/all", "iou/strict/all", "element_of/strict/all")
        )
        settings.append((f"{sure:g}, {seconds:g} s", bleu, verbs, quantiles))
        cells = [settings[-1][0], f"{bleu:.1f}", percent(verbs), f"{overlap:.3f}", f"{inside:.3f}"]
        cells += [f"{value:.1f} s" for value in quantiles.values()]
        print("| " + " | ".join(cells) + " |", flush=True)
    if figure:
        draw(settings, figure)


def percent(share: float) -> str:
    """A share in per cent, as in the other tables."""
    return f"{100 * share:.0f} %"


def draw(settings: list[tuple[str, float, float, dict[float, float]]], path: Path) -> None:
    """On the left the delay of verbs with each setting, on the right the scores that waiting gains."""
    matplotlib.rcParams.update({"svg.fonttype": "path", "svg.hashsalt": "live", "font.size": 9})
    canvas, (late, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
    for number, ((name, bleu, verbs, quantiles), colour) in enumerate(zip(settings, COLOURS, strict=True)):
        late.plot(list(quantiles.values()), [100 * share for share in quantiles], "o-", color=colour, ms=3, label=name)
        right.plot(quantiles[0.95], bleu, "o", color=colour)
        place = (5, -10) if number % 2 else (5, 4)  # settings that do alike would hide each other's label
        right.annotate(percent(verbs), (quantiles[0.95], bleu), textcoords="offset points", xytext=place)
    right.plot([row[3][0.95] for row in settings], [row[1] for row in settings], "-", color="#9aa0a8", lw=1, zorder=0)
    late.set(xlabel="seconds from an action's start", ylabel="% of verbs said", ylim=(0, 102), xlim=(0, None))
    late.legend(title="sure, patience", frameon=False, loc="lower right")
    right.set(xlabel="seconds until 95 % of verbs are said", ylabel="BLEU-4 (and clips with all verbs right)")
    right.margins(0.2)
    for axes in (late, right):
        axes.spines[["top", "right"]].set_visible(False)
    canvas.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
