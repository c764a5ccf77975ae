"""Options that several commands share, and how errors are printed."""

from __future__ import annotations

import ipaddress
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motion2language.captioning.model_folder import shipped_models
from motion2language.data import corpora
from motion2language.files import one_line
from motion2language.formats import GAP

if TYPE_CHECKING:
    from motion2language.captioning.captioner import Captioner
    from motion2language.captioning.windows import Described
    from motion2language.formats.reading import ReadOptions
    from motion2language.motion import Motion
    from motion2language.scoring.semantic import Semantic


def warn_of_strangers(host: str, token: str) -> None:
    """Print a warning when others can reach an address, and need no token."""
    try:
        own = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = False
    if not own and not token:
        print(f"m2l: warning: anybody who reaches {host} can connect; --token SECRET lets in who knows it",
              file=sys.stderr, flush=True)  # fmt: skip


@Parameter(name="*")
@dataclass(frozen=True)
class Input:
    """What the user may set for a file, as ReadOptions; the joint map is a file."""

    fps: float | None = None
    """Frame rate, for files that do not specify it (.npy, .amc)."""
    layout: str | None = None
    """Order of joints in .npy, .json and tables: humanml3d, kit, mediapipe, body25, coco17, wholebody, h36m, h36m32,
    kinect1, kinect2 or smpl."""
    asf: Path | None = None
    """Skeleton of an .amc file, if it is not beside it."""
    unit: str | None = None
    """m, cm, mm, inch, ft, cmu or a number of metres, instead of the file's unit or the detected one."""
    up: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """x, y, z, -x, -y or -z, instead of the file's up axis or the detected one."""
    joint_map: Path | None = None
    """TOML file, `canonical_joint = "joint of the file"`, for unknown joint names."""
    body_models: Path | None = None
    """Folder of SMPL body models, for .npz of AMASS."""
    subject: str | None = None
    """Subject name, for files of several people: .c3d, .trc, .fbx, .glb, .gltf, .mvnx, .skeleton."""
    take: str | None = None
    """Take name, for files of several takes: .fbx, .glb, .gltf."""
    gap: float = GAP
    """Longest time in seconds for which an unseen joint is crossed; for longer it is absent."""
    markers: Path | None = None
    """TOML file, `"part of the body" = "labels"`, for marker sets that are not known."""
    mirror: bool = False
    """Exchange left and right in space, for files in left-handed coordinates."""

    def overrides(self) -> dict[str, str] | None:
        """The joint map, read from its file."""
        from motion2language.body import load_joint_map

        return None if self.joint_map is None else load_joint_map(self.joint_map)

    def options(self) -> ReadOptions:
        """The options for the readers, with the joint map read from its file."""
        from motion2language.formats.marker_labels import load_markers
        from motion2language.formats.reading import ReadOptions

        if not 0 <= self.gap < float("inf"):
            raise ValueError(f"--gap {self.gap:g}: expected seconds, zero or more")
        markers = None if self.markers is None else load_markers(self.markers)
        return ReadOptions(**{**vars(self), "joint_map": self.overrides(), "markers": markers})

    def read(self, path: Path) -> Motion:
        """A file's recording, in metres."""
        from motion2language.formats.reading import read_with_axes

        return read_with_axes(path, self.options())[0]


#: --device of every command that runs a network.
Device = Annotated[str, Parameter(help="auto (CUDA if available, except for transducers), cpu or cuda.")]

#: A corpus, as --dataset or as the argument of a command.
CorpusName = Annotated[str, Parameter(help=f"A corpus: {', '.join(corpora.names())}.")]

#: --model, where it may be a shipped one.
ModelName = Annotated[str, Parameter(help=f"A shipped model ({', '.join(shipped_models())}) or a model folder.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Model:
    """Which model describes recordings, and how it names actions."""

    model: ModelName = "default"
    device: Device = "auto"
    action_words: Path | None = None
    """File with one action word per line (or `form lemma`): where sentences are cut into segments."""

    def load(self) -> Captioner:
        """The captioner."""
        from motion2language.captioning.recordings import load_captioner

        return load_captioner(self.model, self.device, self.action_words)


@Parameter(name="*")
@dataclass(frozen=True)
class Search:
    """How the sentence and the bounds of its segments are found."""

    beam: int | None = None
    """Sentences kept while searching; 1 is greedy; 0 samples sentences and takes the most typical. By default 0 for a
    transducer, such as the shipped models, and 4 for the paper's model."""
    refine: bool = True
    """Bound segments by changes of movement; --no-refine takes the paper's rule."""
    search: str | None = None
    """segmental: cut the recording into pieces of one action each; sentence: say one sentence for all of it. By default
    segmental for a model that learnt to cut, such as default, unless --beam or --no-refine asks for one sentence."""

    def require_valid(self) -> None:
        """ValueError for a --beam below 0, for an unknown --search, and for one that --no-refine contradicts."""
        require_beam(self.beam)
        if self.search not in (None, "segmental", "sentence"):
            raise ValueError(f"--search {self.search}: expected segmental or sentence")
        if self.search == "segmental" and not self.refine:
            raise ValueError("--no-refine bounds the segments of one sentence; drop it, or --search segmental")


@Parameter(name="*")
@dataclass(frozen=True)
class Description:
    """Where the words and segments of a recording come from: a model, or a transcript that is there already."""

    transcript: Path | None = None
    """Take words and segments from this transcript (.json, .labelstudio.json) instead of a model."""
    model: Model = Model()
    search: Search = Search()

    def of(self, motion: Motion, source: Input) -> Described:
        """The recording's description by the model; of a transcript that was given, without weights."""
        from motion2language import writers
        from motion2language.captioning.recordings import require_movement
        from motion2language.captioning.windows import Described

        self.search.require_valid()
        if self.transcript is not None:
            transcript = writers.read(self.transcript)
            transcript.require_of(motion.label, motion.duration)
            return Described(transcript, (), motion.frames)
        captioner = self.model.load()
        require_movement(motion)
        search, joint_map = self.search, source.overrides()
        found = captioner.describe_all(
            [motion], beam=search.beam, joint_map=joint_map, refine=search.refine, search=search.search
        )
        return next(found)


@Parameter(name="*")
@dataclass(frozen=True)
class SemanticOptions:
    """Measures of sentences beyond the words they share, and where to find what they need."""

    semantic: bool = False
    """Add METEOR, BERTScore and the cosine of sentence embeddings; needs the extra `semantic`."""
    nltk_data: Path | None = None
    """With --semantic: folder of nltk's data with WordNet, for METEOR, instead of nltk's own folders."""
    bert_model: Path | None = None
    """With --semantic: folder of BERTScore's model, instead of the packaged all-MiniLM-L6-v2."""
    bert_layer: int | None = None
    """With --semantic: the layer of that model, instead of the one bert-score recommends, or the last."""

    def load(self) -> Semantic | None:
        """The measures, or None without --semantic."""
        if not self.semantic:
            for name, value in (("--nltk-data", self.nltk_data), ("--bert-model", self.bert_model),
                                ("--bert-layer", self.bert_layer)):  # fmt: skip
                if value is not None:
                    raise ValueError(f"{name} is for --semantic; add --semantic")
            return None
        from motion2language.model.pytorch import require_torch

        require_torch("--semantic", "semantic")
        import torch

        from motion2language.scoring import semantic

        torch.set_num_threads(1)
        return semantic.load(self.nltk_data, self.bert_model, self.bert_layer)


@Parameter(name="*")
@dataclass(frozen=True)
class Stores:
    """Where a corpus is cached once it has been read."""

    store: Path | None = None
    """Cache folder, so that the corpus is read only once. Default: the environment variable
    MOTION2LANGUAGE_STORE ("none" for no cache), else motion2language in the user's cache folder."""
    no_store: Annotated[bool, Parameter(negative="")] = False
    """Read the corpus itself each time, and cache nothing."""

    @property
    def folder(self) -> Path | None:
        """The folder, or None to cache nothing."""
        from motion2language.data.store import default_folder

        if self.no_store and self.store is not None:
            raise ValueError(f"--store {self.store} --no-store: give one of the two")
        return None if self.no_store else self.store or default_folder()


@Parameter(name="*")
@dataclass(frozen=True)
class Corpus:
    """The corpus to train on or to score with, and where it is cached."""

    dataset: CorpusName
    root: Path | None = None
    """Where the corpus is on disk."""
    stores: Stores = Stores()


#: Keys of a configuration that the command line overrides.
Overrides = Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)]


def complain(error: Exception) -> None:
    """Print an error as one line on standard error."""
    print("m2l: " + one_line(error), file=sys.stderr)


def require_place(folder: Path) -> None:
    """ValueError when the folder of --out can be neither written to nor made; nothing is made yet."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        why = "cannot be written to" if existing.is_dir() else "is not a folder"
        raise ValueError(f"--out {folder}: {existing} {why}; choose another")


def require_beam(beam: int | None) -> None:
    """ValueError for a --beam below 0."""
    if beam is not None and beam < 0:
        raise ValueError(f"--beam {beam}: give 1 or more, or 0 for the most typical of sampled sentences")


@Parameter(name="*")
@dataclass(frozen=True)
class Training:
    """Options of every command that trains."""

    device: Device = "auto"
    set: Overrides = None
    """Override keys of the configuration, in every run: --set model.encoder=gru train.epochs=5."""

    @property
    def overrides(self) -> tuple[str, ...]:
        """KEY=VALUE of each --set."""
        return tuple(self.set or ())
