"""A model on disk: every value of its configuration is checked; its weights are those of the package safetensors."""

import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from safetensors import numpy as safetensors

from motion2language.captioning.loading import load_model
from motion2language.captioning.model_folder import SHIPPED, shipped_models
from motion2language.model.config import ModelConfig
from motion2language.model.weights import pack_weights, unpack_weights


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_configuration_comes_back(name):
    text = (SHIPPED / name / "config.json").read_text()
    config = ModelConfig.from_json(text)
    assert json.loads(text).items() <= json.loads(config.to_json()).items()
    assert ModelConfig.from_json(config.to_json()) == config


def test_whole_numbers_and_lists_become_what_a_field_has():
    config = ModelConfig.from_json('{"fps": 20, "joints": ["hip", "head"]}')
    assert (type(config.fps), config.joints) == (float, ("hip", "head"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Invalid JSON: "),
        ("[" * 100_000, "Invalid JSON: "),
        ("[]", "expected an object with keys such as .kind., found list"),
        ('{"hiden": 3}', "hiden: unknown; did you mean hidden?"),
        ('{"zzz": 3}', "zzz: unknown; remove it"),
        ('{"kind": "magic"}', "kind: expected attention or transducer, found 'magic'"),
        ('{"kind": ["attention"]}', "kind: expected text, found"),
        ('{"hidden": 0}', "hidden: expected a number greater than 0, found 0"),
        ('{"hidden": 1000000}', "hidden: expected a number less than or equal to 8192, found 1000000"),
        ('{"hidden": "64"}', "hidden: expected a whole number, found '64'"),
        ('{"hidden": true}', "hidden: expected a whole number, found True"),
        ('{"hidden": null}', "hidden: expected a whole number, found None"),
        ('{"mask": 1}', "mask: expected true or false, found 1"),
        ('{"fps": NaN}', "fps: expected a finite number, found nan"),
        (f'{{"fps": 1{"0" * 400}}}', "fps: expected a finite number, found 1000"),
        ('{"dropout": 1}', "dropout: expected a number less than 1, found 1.0"),
        ('{"half_window": -1}', "half_window: expected a number greater than 0, found -1.0"),
        ('{"joints": [1]}', "joints: expected a list of texts, found"),
        ('{"joints": "hip"}', "joints: expected a list of texts, found 'hip'"),
        ('{"half_window": 1, "half_window_seconds": 1}', "give half_window .frames. or half_window_seconds, not both"),
        ('{"monotone": true}', "monotone is for the attention model with attention 'cross'"),
    ],
    ids=range(21),
)
def test_a_value_that_a_field_cannot_have_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig.from_json(text)


def test_a_configuration_checks_itself_wherever_it_is_made():
    with pytest.raises(ValueError, match="fps: expected a number greater than 0"):
        ModelConfig(**asdict(ModelConfig()) | {"fps": 0})


ARRAYS = st.dictionaries(
    st.text(max_size=5).filter("__metadata__".__ne__),
    arrays_of.arrays(
        st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.uint8]),
        arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    max_size=4,
)


@given(ARRAYS)
def test_arrays_are_written_for_and_read_from_the_package_safetensors(arrays):
    require_equal(safetensors.load(pack_weights(arrays)), arrays)
    require_equal(unpack_weights(pack_weights(arrays)), arrays)
    require_equal(unpack_weights(safetensors.save(arrays)), arrays)


def require_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("name", shipped_models())
def test_shipped_weights_are_read_as_by_the_package_safetensors(name):
    content = (SHIPPED / name / "weights.safetensors").read_bytes()
    require_equal(unpack_weights(content), safetensors.load(content))
    assert pack_weights(unpack_weights(content)) == content


def test_an_array_that_is_not_laid_out_row_by_row_is_written_as_it_reads():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    require_equal(unpack_weights(pack_weights({"a": array.T})), {"a": np.ascontiguousarray(array.T)})


def content_of(header: object, data: bytes = b"12345678") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(**changes) -> dict[str, object]:
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "^header too small"),
        (b"no", "^header too small"),
        (b"\xff" * 16, "^header too large"),
        (b"\2\0\0\0\0\0\0\0{", "^invalid header length"),
        (b"\2\0\0\0\0\0\0\0{!", "^invalid JSON in header"),
        (content_of([]), "^invalid JSON in header"),
        (content_of({"a": 3}), "^invalid JSON in header"),
        (content_of(entry(shape="2")), "^invalid JSON in header"),
        (content_of(entry(shape=[-2])), "^invalid JSON in header"),
        (content_of(entry(shape=[2.0])), "^invalid JSON in header"),
        (content_of(entry(data_offsets=[0])), "^invalid JSON in header"),
        (content_of(entry(dtype="BF16")), "^invalid shape, data type, or offset"),
        (content_of(entry(dtype="BF16", shape=[4])), "^numbers of a type that numpy does not have: 'BF16'"),
        (content_of(entry(dtype=["F32"])), "^invalid JSON in header"),
        (content_of(entry(shape=[3])), "^invalid shape, data type, or offset"),
        (content_of(entry(shape=[2**62, 2**62])), "^overflow computing buffer size"),
        (content_of(entry(), b"1234"), "^incomplete metadata"),
        (content_of(entry(data_offsets=[4, 12]), b"123456789012"), "^invalid offset for tensor `a`"),
        (content_of(entry(), b"123456789"), "^incomplete metadata"),
        (content_of(entry() | {"b": entry()["a"]}), "^invalid offset for tensor `[ab]`"),
    ],
    ids=range(20),
)
def test_damaged_weights_are_refused(content, message):
    with pytest.raises(ValueError, match=message):
        unpack_weights(content)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("file", ["weights.safetensors", "segmenter.safetensors"])
def test_a_model_whose_weights_are_not_finite_is_refused_by_its_name(file, bad, tmp_path):
    folder = shutil.copytree(SHIPPED / "default", tmp_path / "diverged")
    weights = {name: np.array(array) for name, array in unpack_weights((folder / file).read_bytes()).items()}
    list(weights.values())[-1].flat[0] = bad
    (folder / file).write_bytes(pack_weights(weights))
    with pytest.raises(ValueError, match="has values that are not finite") as caught:
        load_model(folder)
    assert str(caught.value).startswith(str(folder))
    assert "\n" not in str(caught.value)
