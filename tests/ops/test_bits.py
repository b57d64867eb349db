"""The random generator's own battery: fixed words in, fixed statistics out, so no test is flaky.

Each stream is a way of asking for words that training uses or that has broken other generators.
A bound of 5.5 standard deviations on at most a few thousand statistics leaves room for chance and
little for a fault. TestU01 and PractRand went further: `docs/decisions/0001-random-generator.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from chainrule.engine import NUMPY, namespace_of
from chainrule.errors import SettingError
from chainrule.ops.bits import (
    fold_in,
    fold_in_each,
    hash_bits,
    key_from_seed,
    normal_from_uniform,
    uniform_from_bits,
)

JAX = namespace_of(jnp.zeros(1))
WORDS = 2**19
SIGMAS = 5.5
KEY = key_from_seed(0)

hash_many = jax.jit(jax.vmap(lambda key, counter: hash_bits(JAX, key, counter)))
fold_many = jax.jit(jax.vmap(lambda key, data: fold_in(JAX, key, data)))


def count(n: int) -> np.ndarray:
    return np.arange(n, dtype="uint32")


def copies(key: np.ndarray, n: int) -> np.ndarray:
    return np.broadcast_to(key, (n, 2))


def words_of(keys: Any, each: int) -> np.ndarray:
    """The first `each` words of every key's stream, one key after the other."""
    counters = np.broadcast_to(count(each), (len(keys), each))
    return np.asarray(hash_many(keys, counters)).ravel()


def chain(layers: int, epochs: int, steps: int) -> Any:
    """Keys of every (layer, epoch, step), folded in one after the other."""
    keys = copies(KEY, layers * epochs * steps)
    index = count(len(keys))
    for data in (index // (epochs * steps), index // steps % epochs, index % steps):
        keys = fold_many(keys, data)
    return keys


def raw_keys(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.stack(np.broadcast_arrays(first, second), axis=1).astype("uint32")


def sequential() -> np.ndarray:
    return hash_bits(NUMPY, KEY, count(WORDS))


def counters_in_high_bits() -> np.ndarray:
    return hash_bits(NUMPY, KEY, count(WORDS) << 13)


def steps_of_a_layer() -> np.ndarray:
    return words_of(fold_many(copies(KEY, WORDS // 64), count(WORDS // 64)), 64)


def first_word_of_folded_keys() -> np.ndarray:
    return words_of(fold_many(copies(KEY, WORDS), count(WORDS)), 1)


def words_of_folded_keys() -> np.ndarray:
    return np.asarray(fold_many(copies(KEY, WORDS // 2), count(WORDS // 2))).ravel()


def first_word_of_seeds() -> np.ndarray:
    seeds = raw_keys(count(WORDS), np.uint32(0))
    return words_of(fold_many(seeds, np.zeros(WORDS, "uint32")), 1)


def chains_of_folds() -> np.ndarray:
    return words_of(chain(layers=4, epochs=8, steps=256), 64)


def neighbouring_raw_keys() -> np.ndarray:
    keys = raw_keys(KEY[0] + count(4) % 2, KEY[1] + count(4) // 2)
    return words_of(keys, WORDS // 4).reshape(4, -1).T.ravel()


def difference_of_neighbouring_counters() -> np.ndarray:
    return np.diff(hash_bits(NUMPY, KEY, count(2 * WORDS)))[::2]


def difference_of_swapped_neighbours() -> np.ndarray:
    """Two keys that differ in one bit, at counters that undo that bit in the first round."""
    other = KEY ^ np.array([1, 0], "uint32")
    return hash_bits(NUMPY, KEY, count(WORDS)) - hash_bits(NUMPY, other, count(WORDS) ^ 1)


def difference_of_consecutive_steps() -> np.ndarray:
    one, two = (hash_bits(NUMPY, fold_in(NUMPY, KEY, step), count(WORDS)) for step in (1, 2))
    return one - two


STREAMS = [
    sequential,
    counters_in_high_bits,
    steps_of_a_layer,
    first_word_of_folded_keys,
    words_of_folded_keys,
    first_word_of_seeds,
    chains_of_folds,
    neighbouring_raw_keys,
    difference_of_neighbouring_counters,
    difference_of_swapped_neighbours,
    difference_of_consecutive_steps,
]
on_every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.__name__)


@cache
def words(stream: Callable[[], np.ndarray]) -> np.ndarray:
    drawn = stream()
    assert drawn.shape == (WORDS,)
    assert drawn.dtype == np.uint32
    drawn.flags.writeable = False
    return drawn


@cache
def bits(stream: Callable[[], np.ndarray], start: int = 0) -> np.ndarray:
    """The words from `start` on, each bit packed along the stream: uint64, (32, WORDS / 64 - 1)."""
    part = words(stream)[start : start + WORDS - 64]
    octets = part.astype("<u4").view(np.uint8).reshape(-1, 4)
    of_each_word = np.unpackbits(octets, axis=1, bitorder="little")
    return np.packbits(np.ascontiguousarray(of_each_word.T), axis=1).view(np.uint64)


def assert_fair(ones: np.ndarray, trials: int) -> None:
    """How many of `trials` fair coins showed one."""
    assert np.abs(ones - trials / 2).max() < SIGMAS * np.sqrt(trials) / 2


def assert_uniform(values: np.ndarray, bins: int) -> None:
    """Chi-square of whole numbers below `bins`; too even is as wrong as too uneven."""
    probability = stats.chisquare(np.bincount(values.astype("int64"), minlength=bins)).pvalue
    assert 1e-6 < probability < 1 - 1e-6


@on_every_stream
def test_every_bit_is_balanced(stream):
    assert_fair(np.bitwise_count(bits(stream)).sum(axis=1, dtype="int64"), WORDS - 64)


@on_every_stream
def test_bytes_and_half_words_are_uniform(stream):
    for shift in (0, 8, 16, 24):
        assert_uniform((words(stream) >> shift) & 0xFF, 2**8)
    for shift in (0, 8, 16):
        assert_uniform((words(stream) >> shift) & 0xFFFF, 2**16)


@on_every_stream
def test_runs_above_and_below_the_middle_have_the_expected_lengths(stream):
    changes = np.flatnonzero(np.diff(words(stream) >> 31))
    lengths = np.minimum(np.diff(changes), 12)
    expected = len(lengths) * 0.5 ** np.minimum(np.arange(1, 13), 11)
    assert stats.chisquare(np.bincount(lengths)[1:], expected).pvalue > 1e-6


@on_every_stream
@pytest.mark.parametrize("lag", [0, 1, 64])
def test_no_bit_predicts_a_bit_of_another_word(stream, lag):
    one, other = bits(stream), bits(stream, lag)
    differences = np.bitwise_count(one[:, None] ^ other).sum(axis=2, dtype="int64")
    if lag == 0:
        np.fill_diagonal(differences, (WORDS - 64) // 2)
    assert_fair(differences, WORDS - 64)


@on_every_stream
def test_serial_correlation_is_zero(stream):
    power = np.abs(np.fft.rfft(words(stream) / 2**32 - 0.5)) ** 2
    correlations = np.fft.irfft(power)[1:4097] * 12 / np.sqrt(WORDS)
    assert np.abs(correlations).max() < SIGMAS


@on_every_stream
def test_pairs_of_words_fill_the_square(stream):
    top = words(stream) >> 24
    assert_uniform(top[::2] << 8 | top[1::2], 2**16)


@on_every_stream
def test_collisions_are_as_many_as_birthdays(stream):
    """A mere permutation of the counter has none, where 2¹⁹ words should have 32."""
    expected = WORDS * (WORDS - 1) / 2 / 2**32
    collisions = np.count_nonzero(np.diff(np.sort(words(stream))) == 0)
    assert abs(collisions - expected) < SIGMAS * np.sqrt(expected)


@pytest.mark.parametrize("width", [32, 8], ids=["any key and counter", "small ones"])
@pytest.mark.parametrize("changed", [0, 1, 2], ids=["counter", "first key word", "second key word"])
def test_each_input_bit_flips_each_output_bit_half_of_the_time(changed, width):
    samples = 2**17
    source = np.random.default_rng(0)
    inputs = source.integers(0, 2**width, (3, samples), dtype="uint32")

    @jax.jit
    def flips(inputs, flip):
        before, after = (
            hash_many(jnp.stack([first, second], axis=1), counter)
            for counter, first, second in (inputs, inputs ^ flip[:, None])
        )
        return jnp.sum((before ^ after)[:, None] >> jnp.arange(32, dtype="uint32") & 1, axis=0)

    for bit in range(32):
        flip = np.zeros(3, "uint32")
        flip[changed] = np.uint32(1 << bit)
        assert_fair(np.asarray(flips(inputs, flip)), samples)


def test_chains_of_folds_never_meet():
    keys = np.concatenate([chain(4, 512, 256), chain(2, 1024, 128), copies(KEY, 1)])
    pairs = keys.astype("uint64") @ np.array([2**32, 1], "uint64")
    expected = 4 * 512 * 256 + 2 * 1024 * 128 - 2 * 512 * 128 + 1  # the two chains share a part
    assert len(np.unique(pairs)) == expected


def test_every_key_has_a_stream_of_its_own():
    """Keys of 64 bits that end in 32 somewhere would give 32 pairs of equal streams."""
    pairs = words_of(fold_many(copies(KEY, WORDS), count(WORDS)), 2).view(np.uint64)
    assert len(np.unique(pairs)) == WORDS


def test_order_and_depth_of_folds_matter():
    one, three = fold_in(NUMPY, KEY, 1), fold_in(NUMPY, KEY, 3)
    one_two, two_one = fold_in(NUMPY, one, 2), fold_in(NUMPY, fold_in(NUMPY, KEY, 2), 1)
    assert len({tuple(key) for key in (KEY, one, three, one_two, two_one)}) == 5


def test_keys_folded_together_are_those_folded_one_by_one():
    data = count(5) + np.uint32(2**32 - 3)
    one_by_one = np.stack([fold_in(NUMPY, KEY, number) for number in data], axis=1)
    assert np.array_equal(fold_in_each(NUMPY, KEY, data), one_by_one)
    assert np.array_equal(jax.jit(lambda *a: fold_in_each(JAX, *a))(KEY, data), one_by_one)
    rows = hash_bits(NUMPY, one_by_one[:, :, None], count(7))[0]
    for row, key in zip(rows, one_by_one.T, strict=True):
        assert np.array_equal(row, hash_bits(NUMPY, key, count(7)))


def test_same_bits_on_both_engines():
    counter = count(2**16).reshape(128, 512) * np.uint32(65537)
    compiled = jax.jit(lambda key, counter: hash_bits(JAX, key, counter))
    assert np.array_equal(compiled(KEY, counter), hash_bits(NUMPY, KEY, counter))
    assert np.array_equal(
        hash_bits(JAX, jnp.asarray(KEY), jnp.asarray(counter[:2])),
        hash_bits(NUMPY, KEY, counter[:2]),
    )


def test_same_folded_key_from_every_kind_of_number():
    expected = fold_in(NUMPY, KEY, 2**32 - 1)
    assert expected.dtype == np.uint32
    number = np.array(2**32 - 1, "uint32")
    for folded in (
        fold_in(NUMPY, KEY, number),
        fold_in(NUMPY, KEY, number[()]),
        fold_in(JAX, jnp.asarray(KEY), 2**32 - 1),
        jax.jit(lambda key, data: fold_in(JAX, key, data))(KEY, number),
    ):
        assert folded.dtype == np.uint32
        assert np.array_equal(folded, expected)


def test_shape_follows_the_counter_and_inputs_stay_as_they_are():
    row = hash_bits(NUMPY, KEY, count(6))
    for shape in [(2, 3), (6, 1), (1, 6)]:
        counter = count(6).reshape(shape)
        assert np.array_equal(hash_bits(NUMPY, KEY, counter), row.reshape(shape))
        assert np.array_equal(counter.ravel(), count(6))
    for xp, engine_array in [(NUMPY, np.asarray), (JAX, jnp.asarray)]:
        single = hash_bits(xp, engine_array(KEY), engine_array(count(6)[5]))
        assert single.shape == ()
        assert single.dtype == np.uint32
        assert int(single) == row[5]
        assert hash_bits(xp, engine_array(KEY), engine_array(count(0))).shape == (0,)


def test_stream_never_changes():
    """Saved models and their cards count on these very numbers."""
    assert KEY.tolist() == [3393396866, 413342178]
    assert key_from_seed(2**64 - 1).tolist() == [3170740720, 73038911]
    assert fold_in(NUMPY, KEY, 1).tolist() == [395790144, 319029707]
    assert hash_bits(NUMPY, KEY, count(4)).tolist() == [
        1042823760,
        3708643373,
        3305208045,
        2275081372,
    ]
    assert hash_bits(NUMPY, KEY, count(4) + np.uint32(2**32 - 2)).tolist() == [
        2025885341,
        326322503,
        1042823760,
        3708643373,
    ]


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_outside_64_bits_is_refused(seed):
    with pytest.raises(SettingError, match=r"from 0 to 2\*\*64 - 1, not"):
        key_from_seed(seed)


@pytest.mark.parametrize("data", [-1, 2**32])
def test_number_outside_32_bits_is_not_folded_in(data):
    with pytest.raises(SettingError, match=r"from 0 to 2\*\*32 - 1, not"):
        fold_in(NUMPY, KEY, data)


def test_both_halves_of_a_seed_count():
    seeds = [0, 1, 2**31, 2**32, 2**32 + 1, 2**63, 2**64 - 1]
    assert len({tuple(key_from_seed(seed)) for seed in seeds}) == len(seeds)
    assert np.array_equal(key_from_seed(np.int64(5)), key_from_seed(5))


def uniform(dtype: str, key: int, shape: tuple[int, ...] = (WORDS,)) -> np.ndarray:
    shape = shape if dtype == "float32" else (2, *shape)
    counter = count(int(np.prod(shape))).reshape(shape)
    return uniform_from_bits(NUMPY, hash_bits(NUMPY, fold_in(NUMPY, KEY, key), counter), dtype)


@pytest.mark.parametrize(("dtype", "digits"), [("float32", 24), ("float64", 53)])
def test_uniform_numbers_lie_on_their_grid_from_zero_to_below_one(dtype, digits):
    ends = np.array([[0, 2**32 - 1], [0, 2**32 - 1]], "uint32")
    low, high = uniform_from_bits(NUMPY, ends if dtype == "float64" else ends[0], dtype)
    assert low == 0
    assert high == 1 - 2.0**-digits
    numbers = uniform(dtype, 1)
    assert numbers.dtype == dtype
    steps = numbers.astype("float64") * 2.0**digits
    assert np.array_equal(steps, np.floor(steps))
    assert (steps % 2).mean() == pytest.approx(0.5, abs=SIGMAS * 0.5 / np.sqrt(WORDS))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_are_uniform(dtype):
    numbers = uniform(dtype, 2).astype("float64")
    error = SIGMAS / np.sqrt(WORDS)
    assert numbers.mean() == pytest.approx(1 / 2, abs=error * np.sqrt(1 / 12))
    assert numbers.var() == pytest.approx(1 / 12, abs=error * np.sqrt(1 / 180))
    assert stats.kstest(numbers, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_are_the_same_on_both_engines(dtype):
    bits = hash_bits(NUMPY, KEY, count(2**17)).reshape(2, -1)
    with jax.enable_x64(dtype == "float64"):
        compiled = jax.jit(lambda bits: uniform_from_bits(JAX, bits, dtype))(bits)
    assert compiled.dtype == dtype
    assert np.array_equal(compiled, uniform_from_bits(NUMPY, bits, dtype))


def normal(dtype: str) -> np.ndarray:
    return normal_from_uniform(NUMPY, uniform(dtype, 3), uniform(dtype, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_are_normal(dtype):
    numbers = normal(dtype)
    assert numbers.dtype == dtype
    numbers = numbers.astype("float64")
    error = SIGMAS / np.sqrt(WORDS)
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)]:
        assert (numbers**power).mean() == pytest.approx(moment, abs=error * np.sqrt(variance))
    assert stats.kstest(numbers, "norm").pvalue > 1e-4
    far = np.abs(numbers) > 4
    expected = WORDS * 2 * stats.norm.sf(4)
    assert abs(far.sum() - expected) < SIGMAS * np.sqrt(expected)
    one, two = numbers[:-1], numbers[1:]
    assert abs((one * two).mean()) < error
    assert abs((one**2 * two**2).mean() - 1) < error * np.sqrt(8)


@pytest.mark.parametrize(("dtype", "largest"), [("float32", 5.7681), ("float64", 8.5717)])
def test_normal_numbers_are_finite_at_the_ends(dtype, largest):
    top = 1 - np.finfo(dtype).epsneg
    u1, u2 = np.meshgrid(np.array([0, 0.5, top], dtype), np.array([0, 0.5, top], dtype))
    numbers = normal_from_uniform(NUMPY, u1, u2)
    assert np.abs(numbers).max() == pytest.approx(largest, abs=1e-4)
    assert np.isfinite(numbers).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_agree_to_a_few_units_in_the_last_place(dtype):
    u1, u2 = uniform(dtype, 3), uniform(dtype, 4)
    exact = np.sqrt(-2 * np.log1p(-u1.astype("longdouble")))
    exact *= np.sin(np.longdouble(np.pi) * (u2.astype("longdouble") - 0.5))
    unit = np.spacing(np.maximum(np.abs(exact), np.finfo(dtype).tiny).astype(dtype))
    with jax.enable_x64(dtype == "float64"):
        compiled = jax.jit(lambda u1, u2: normal_from_uniform(JAX, u1, u2))(u1, u2)
    assert compiled.dtype == dtype
    for numbers in (normal(dtype), np.asarray(compiled)):
        assert (np.abs(numbers - exact) / unit).max() < 6
