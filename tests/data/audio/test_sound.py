"""One recording: every format, channels, rates and lengths; and every way to be unusable."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import soundfile

from genkit.data.audio import report, sound
from genkit.data.audio.sound import SoundError, is_silent, loud_part, read_sound
from tests.data.audio.files import RATE, pcm, put, tone


def reasons(found: sound.Sound) -> list[str]:
    return [reason for reason, _ in found.remarks]


def test_16_bits_are_kept_as_they_are(tmp_path) -> None:
    values = np.arange(-32_768, 32_768, 7, dtype=np.int16)
    found = read_sound(put(tmp_path / "a.wav", values), RATE)
    np.testing.assert_array_equal(found.pcm, values)
    assert (found.pcm.dtype, found.source_rate, found.remarks) == (np.int16, RATE, ())


@pytest.mark.parametrize(
    ("name", "subtype", "off"),
    [
        ("a.wav", "PCM_U8", 256),
        ("a.wav", "PCM_24", 1),
        ("a.wav", "PCM_32", 1),
        ("a.wav", "FLOAT", 1),
        ("a.wav", "DOUBLE", 1),
        ("a.wav", "ULAW", 700),
        ("a.flac", "PCM_16", 1),
        ("a.flac", "PCM_24", 1),
        ("a.aiff", "PCM_16", 1),
        ("a.au", "PCM_16", 1),
        ("a.caf", "PCM_16", 1),
        ("a.w64", "PCM_16", 1),
        ("a.sph", "PCM_16", 1),
        ("a.ogg", "VORBIS", 2_000),
        ("a.mp3", "MPEG_LAYER_III", 2_000),
    ],
)
def test_formats(tmp_path, name: str, subtype: str, off: int) -> None:
    """The same wave from each, as exactly as the format holds it."""
    kind = "NIST" if name.endswith(".sph") else None
    wave = tone(1.0)
    soundfile.write(tmp_path / name, wave, RATE, subtype=subtype, format=kind)
    found = read_sound(tmp_path / name, RATE)
    assert len(found.pcm) == RATE
    inner = slice(500, -500)  # lossy formats fade at the ends
    difference = np.abs(found.pcm.astype(int) - pcm(wave).astype(int))[inner]
    assert difference.max() <= off
    assert (report.ROUNDED in reasons(found)) == (
        subtype in ("PCM_24", "PCM_32", "FLOAT", "DOUBLE")
    )


def test_channels_are_averaged(tmp_path) -> None:
    left, right = tone(hertz=300.0), tone(hertz=500.0)
    found = read_sound(put(tmp_path / "a.wav", np.stack([left, right], 1)), RATE)
    expected = (pcm(left).astype(float) + pcm(right)) / 2
    assert np.abs(found.pcm - expected).max() <= 0.5
    assert dict(found.remarks) == {report.MIXED: "from 2 channels"}


@pytest.mark.parametrize(("source", "target"), [(22_050, 8_000), (8_000, 16_000), (44_100, 16_000)])
def test_resampling_in_blocks_is_librosa_s(tmp_path, monkeypatch, source: int, target: int) -> None:
    """Blocks leave no seam: the same as resampling the whole at once."""
    monkeypatch.setattr(sound, "_BLOCK", 1_000)
    wave = pcm(tone(0.7, 440.0, source) + 0.2 * tone(0.7, 3_100.0, source))
    found = read_sound(put(tmp_path / "a.wav", wave, source), target)
    whole = librosa.resample(
        wave.astype(np.float32) / 32_768, orig_sr=source, target_sr=target, res_type="soxr_hq"
    )
    assert abs(len(found.pcm) - len(whole)) <= 1
    count = min(len(found.pcm), len(whole))
    assert np.abs(found.pcm[:count].astype(int) - pcm(whole[:count])).max() <= 1
    assert dict(found.remarks) == {report.RESAMPLED: f"from {source} Hz"}


def test_frequencies_that_the_new_rate_cannot_hold_are_removed(tmp_path) -> None:
    wave = tone(1.0, 6_000.0, 22_050)
    found = read_sound(put(tmp_path / "a.wav", wave, 22_050), 8_000)
    assert np.abs(found.pcm[400:-400]).max() < 20  # of 16,384: no alias at 2,000 Hz


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_span(tmp_path, name: str) -> None:
    wave = np.concatenate([tone(0.5, 300.0), tone(0.5, 900.0), tone(0.5, 300.0)])
    found = read_sound(put(tmp_path / name, wave), RATE, 0.5, 1.0)
    assert (len(found.pcm), found.start) == (RATE // 2, RATE // 2)
    spectrum = np.abs(np.fft.rfft(found.pcm[200:-200]))
    assert np.argmax(spectrum) * RATE / (len(found.pcm) - 400) == pytest.approx(900, abs=5)
    assert len(read_sound(put(tmp_path / name, wave), RATE, 1.0).pcm) == RATE // 2


def why(*args) -> SoundError:
    with pytest.raises(SoundError) as caught:
        read_sound(*args)
    return caught.value


def test_a_file_of_no_bytes(tmp_path) -> None:
    (tmp_path / "a.wav").touch()
    error = why(tmp_path / "a.wav", RATE)
    assert error.reason == report.EMPTY
    assert error.message == f"{tmp_path / 'a.wav'}: no audio samples (a file of 0 bytes)"


def test_a_header_without_audio_samples(tmp_path) -> None:
    assert why(put(tmp_path / "a.wav", np.zeros(0)), RATE).reason == report.EMPTY


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.raw"])
def test_what_is_not_audio(tmp_path, name: str) -> None:
    (tmp_path / name).write_text("a text, whatever its name says\n" * 9)
    error = why(tmp_path / name, RATE)
    assert error.reason == report.UNREADABLE
    assert error.message.startswith(f"{tmp_path / name}: not readable (")


def test_a_file_that_is_not_there(tmp_path) -> None:
    assert "No such file" in why(tmp_path / "a.wav", RATE).message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number(tmp_path, value: float) -> None:
    wave = tone(1.0)
    wave[6_000] = value
    error = why(put(tmp_path / "a.wav", wave, subtype="FLOAT"), RATE)
    assert (error.reason, error.detail, error.seconds) == (report.NOT_FINITE, "at 0.750 s", 1.0)


@pytest.mark.parametrize(("start", "end"), [(0.2, 0.6), (0.5, None), (0.9, 1.0), (0.3, 0.30001)])
def test_a_span_outside_of_the_file(tmp_path, start: float, end: float | None) -> None:
    error = why(put(tmp_path / "a.wav", tone(0.5)), RATE, start, end)
    assert error.reason == report.OUTSIDE
    assert error.detail.endswith("of 0.5 s")


def test_clipping_is_told(tmp_path) -> None:
    loud = np.clip(tone(1.0, 100.0, level=1.5), -1, 1)
    assert report.CLIPPED in reasons(read_sound(put(tmp_path / "a.wav", loud), RATE))
    over = read_sound(put(tmp_path / "b.wav", tone(1.0, 100.0, level=1.5), subtype="FLOAT"), RATE)
    assert report.CLIPPED in reasons(over)
    assert over.pcm.max() == 32_767
    whole = put(tmp_path / "c.wav", tone(1.0, 200.0, level=1.0))
    assert reasons(read_sound(whole, RATE)) == []  # full scale, but no longer than a wave is


def test_a_file_that_is_cut_short_is_told(tmp_path) -> None:
    path = put(tmp_path / "a.wav", tone(1.0))
    path.write_bytes(path.read_bytes()[:8_044])
    found = read_sound(path, RATE)
    assert len(found.pcm) == 4_000
    assert dict(found.remarks) == {report.SHORT: "8000 of 16000 bytes"}


def test_a_header_written_to_a_pipe_is_whole(tmp_path) -> None:
    """Writers that cannot go back leave the largest length."""
    path = put(tmp_path / "a.wav", tone(1.0))
    content = bytearray(path.read_bytes())
    content[40:44] = content[4:8] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    found = read_sound(path, RATE)
    assert (len(found.pcm), found.remarks) == (RATE, ())


def test_a_damaged_flac(tmp_path) -> None:
    rng = np.random.Generator(np.random.Philox(1))
    path = put(tmp_path / "a.flac", rng.uniform(-0.5, 0.5, 200_000))
    path.write_bytes(path.read_bytes()[:100_000])
    assert why(path, RATE).reason == report.UNREADABLE


def test_a_file_that_lost_a_byte(tmp_path) -> None:
    """What a change of line ends leaves: noise from there on."""
    path = put(tmp_path / "a.wav", tone(1.0) + 0.1 * tone(1.0, 1_333.0))
    content = path.read_bytes()
    path.write_bytes(content[:8_045] + content[8_046:] + b"\0")
    error = why(path, RATE)
    assert error.reason == report.SLIPPED
    assert error.detail == "from about 0.50 s on"


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_what_has_fewer_bits_has_not_lost_a_byte(bits: int) -> None:
    rng = np.random.Generator(np.random.Philox(3))
    for wave in (pcm(tone(0.5)), pcm(rng.uniform(-0.9, 0.9, RATE)), pcm(tone(0.5, 3_999.0))):
        assert sound.slipped(wave >> (16 - bits) << (16 - bits), RATE) is None
        assert sound.slipped(wave, RATE) is None


def test_silence() -> None:
    assert is_silent(np.zeros(9, np.int16))
    assert is_silent(np.full(9, -32, np.int16))
    assert not is_silent(np.array([0, 0, -33], np.int16))
    assert not is_silent(np.array([-32_768], np.int16))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
@pytest.mark.parametrize("trim_db", [20.0, 40.0, 60.0])
def test_quiet_ends_are_found_where_librosa_finds_them(rate: int, trim_db: float) -> None:
    noise = 0.0005 * np.random.Generator(np.random.Philox(2)).standard_normal(rate)
    wave = np.concatenate([noise, tone(1.0, 300.0, rate), 0.02 * tone(0.5, 300.0, rate), noise])
    first, last = loud_part(pcm(wave), rate, trim_db)
    frame = round(0.016 * rate)
    _, (low, high) = librosa.effects.trim(
        pcm(wave) / 32_768, top_db=trim_db, frame_length=4 * frame, hop_length=frame
    )
    assert abs(first - low) <= 3 * frame  # librosa's frames reach two of ours to each side
    assert abs(last - high) <= 3 * frame


def test_nothing_loud_is_cut_off() -> None:
    """The first and last frame that are loud are kept whole; a tone has nothing to lose."""
    assert loud_part(pcm(tone(0.5)), RATE, 20.0) == (0, RATE // 2)
    click = np.zeros(RATE, np.int16)
    click[4_000] = 9_000
    first, last = loud_part(click, RATE, 20.0)
    assert first <= 4_000 < last
    assert last - first == 128
