"""Published weights become a model folder that computes what they compute."""

import make_vectors
import numpy as np
import pytest
import torch
from oracle import speak

from motion2language.captioning.loading import load_model
from motion2language.formats.npy import LAYOUTS
from motion2language.language.vocabulary import SPECIALS
from motion2language.training.import_checkpoint import import_checkpoint

FACTS = {
    "dataset": "kit", "encoder": "MLP", "attention": "local_recurrent", "mask": True, "window": 4,
    "hidden_size": 6, "embedding_dim": 5, "hidden_dim": 7, "vocab_size": 9, "input_dim": 63,
}  # fmt: skip
#: The order of the ids in the checkpoint: not ours.
WORDS = ["<unk>", "walks", "<pad>", "a", "<sos>", "<eos>", "person", "waves", "and"]
CONFIG = """
[model]
encoder = "mlp"
half_window = 4
hidden = 6
embedding = 5
encoder_hidden = 7
dropout = 0.5
"""


@pytest.fixture
def files(tmp_path):
    weights = {
        name: tensor.detach().float() for name, tensor in make_vectors._weights(FACTS, torch.Generator()).items()
    }
    unused = {"enc_pose.rnns.weight_ih_l0": torch.zeros(18, 63), "dec.window_layer.weight": torch.zeros(1, 6)}
    optimizer = {"state": {}, "param_groups": [{"lr": 1e-3, "params": [0, 1]}]}
    torch.save((weights | unused, optimizer), tmp_path / "published.pt")
    (tmp_path / "words.txt").write_text("\n".join(WORDS) + "\n")
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path, weights


def run(folder, **changes):
    arguments = {"file": "published.pt", "vocabulary": "words.txt", "config": "config.toml", "out": "model"} | changes
    return import_checkpoint(**{name: folder / value for name, value in arguments.items()})


def test_the_folder_says_what_the_oracle_says_with_the_published_weights(files, monkeypatch):
    folder, weights = files
    assert run(folder) == ["dec.window_layer.weight", "enc_pose.rnns.weight_ih_l0"]
    model = load_model(folder / "model")
    assert model.vocabulary.words == (*SPECIALS, "walks", "a", "person", "waves", "and")
    assert model.config.joints == LAYOUTS["kit"].skeleton.joints
    values = np.random.default_rng(0).normal(size=(20, 63)).astype(np.float32)
    sentence = ["a", "person", "walks", "and", "waves"]
    double = {name: tensor.double() for name, tensor in weights.items()}
    frames, ids = torch.from_numpy(values).double(), [WORDS.index(word) for word in sentence]
    monkeypatch.setattr("oracle.SOS", WORDS.index("<sos>"))
    expected = speak(double, FACTS, frames, ids, len(sentence))
    memory, state = model.network.encode(torch.from_numpy(values)[None], torch.tensor([20]))
    token = torch.tensor([SPECIALS.index("<sos>")])
    order = [WORDS.index(word) for word in model.vocabulary.words]
    for word, wanted, position in zip(sentence, expected["logits"], expected["positions"], strict=True):
        logits, state, _ = model.network.step(token, state, memory)
        torch.testing.assert_close(logits[0], wanted[order].float(), atol=1e-4, rtol=1e-4)
        assert state.position.item() == pytest.approx(position.item(), abs=1e-3)
        token = torch.tensor([model.vocabulary.words.index(word)])


def test_given_statistics_are_kept(files):
    folder, _ = files
    np.savez(folder / "statistics.npz", mean=np.full(63, 2.0), std=np.full(63, 3.0))
    run(folder, normalizer="statistics.npz")
    assert load_model(folder / "model").normalizer.apply(np.full((1, 63), 5.0)) == pytest.approx(1.0)
    np.savez(folder / "statistics.npz", mean=np.zeros(66), std=np.ones(66))
    with pytest.raises(ValueError, match=r"statistics of \(66,\) features, but the weights read 63"):
        run(folder, normalizer="statistics.npz")


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


def test_a_pickle_that_runs_code_is_refused(files, capsys):
    folder, _ = files
    torch.save(({"a": Evil()}, {}), folder / "evil.pt")
    with pytest.raises(ValueError, match="not a file of tensors"):
        run(folder, file="evil.pt")
    assert "executed" not in capsys.readouterr().out
    assert not (folder / "model").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("published.pt", b"", "not a file of tensors"),
        ("published.pt", b"hello", "not a file of tensors"),
        ("words.txt", b"<pad>\n<sos>\na\n", "lacks <eos>, <unk>"),
        ("words.txt", b"<pad>\n<sos>\n<eos>\n<unk>\na\na\n", "a word occurs twice"),
        ("words.txt", "\n".join(WORDS[:-1]).encode(), "has 9 rows of embedding.weight, but .* lists 8 words"),
        ("words.txt", b"\xff\xfe\x00", "not text in UTF-8"),
        ("config.toml", b"[model]\nencoder = 'gru'", "does not fit|has no weights of an encoder"),
        ("config.toml", b"[model]\nhidden = 12\nembedding = 5\nencoder_hidden = 7", "does not fit"),
        ("config.toml", b"[model]\nkind = 'transducer'", "the authors' weights are of kind 'attention'"),
        ("config.toml", b"[model]\ninput_width = 66", "reads 63 features .* the configuration has 66"),
    ],
)
def test_the_error_names_what_does_not_fit(name, content, message, files):
    folder, _ = files
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        run(folder)
    assert not (folder / "model").exists()


def test_a_file_with_something_else_in_it_is_refused(files):
    folder, _ = files
    torch.save([1, 2, 3], folder / "published.pt")
    with pytest.raises(ValueError, match="holds a list; expected the pair"):
        run(folder)


def test_a_folder_that_cannot_be_made_is_said(files):
    folder, _ = files
    for place in ("words.txt/model", "/proc/model"):
        with pytest.raises(ValueError, match=r"model: cannot be written \(.*\); choose another folder"):
            run(folder, out=place)
