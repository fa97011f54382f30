"""Files in the forms that Keras writes, made with h5py alone: python3 make_files.py (h5py 3.7, HDF5 1.10.8, numpy 1.24).

The layouts follow keras/src/legacy/saving/legacy_h5_format.py (Keras 2 and .h5 of Keras 3) and
keras/src/saving/saving_lib.py (.keras and .weights.h5 of Keras 3), read, not copied. values.json says what is in them,
as h5py reads it back: name, dtype, shape, values, and by hand kind and axis of the output channels.
"""

import io
import json
import zipfile

import h5py
import numpy as np

rng = np.random.default_rng(20261130)
wanted = {}


def f(*shape, dtype=np.float32):
    return (rng.standard_normal(shape) * 0.5).astype(dtype)


def said(of, name, array, kind="constant", axis=None, layer="", cls="", values=None):
    wanted.setdefault(of, []).append(
        {
            "name": name,
            "dtype": str(array.dtype),
            "shape": list(array.shape),
            "kind": kind,
            "axis": -1 if axis is None else axis,
            "layer": layer,
            "class": cls,
            "values": [float(v) for v in np.asarray(values if values is not None else array).ravel()],
        }
    )


# name of the weight, shape, kind, axis
LAYERS = [
    ("stem", "Conv2D", {"groups": 1}, [("kernel", (3, 3, 2, 4), "weight", 3), ("bias", (4,), "bias", None)]),
    ("dw", "DepthwiseConv2D", {"depth_multiplier": 1},
     [("depthwise_kernel", (3, 3, 4, 1), "weight", 2), ("bias", (4,), "bias", None)]),
    ("sep", "SeparableConv2D", {},
     [("depthwise_kernel", (2, 2, 4, 2), "weight", 2), ("pointwise_kernel", (1, 1, 8, 3), "weight", 3),
      ("bias", (3,), "bias", None)]),
    ("up", "Conv2DTranspose", {}, [("kernel", (2, 2, 5, 3), "weight", 2), ("bias", (5,), "bias", None)]),
    ("bn", "BatchNormalization", {"scale": True, "center": True},
     [(n, (5,), "constant", None) for n in ("gamma", "beta", "moving_mean", "moving_variance")]),
    ("emb", "Embedding", {"input_dim": 7}, [("embeddings", (7, 3), "weight", 0)]),
    ("gru", "GRU", {"units": 2, "reset_after": True},
     [("gru_cell/kernel", (3, 6), "weight", 1), ("gru_cell/recurrent_kernel", (2, 6), "weight", 1),
      ("gru_cell/bias", (2, 6), "bias", None)]),
    ("head", "Dense", {"units": 3, "use_bias": True}, [("kernel", (4, 3), "weight", 1), ("bias", (3,), "bias", None)]),
]


def describe(layers):
    return [{"class_name": c, "config": {"name": n, **o}, "name": n, "inbound_nodes": []} for n, c, o, _ in layers]


def nested():
    """A model within the model, a wrapper, and a recurrent layer both ways."""
    inner = {"class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": [
        {"class_name": "Dense", "name": "deep", "config": {"name": "deep", "use_bias": False}}]}}
    each = {"class_name": "TimeDistributed", "name": "each", "config": {"name": "each", "layer": {
        "class_name": "Conv1DTranspose", "config": {"name": "conv_in_each"}}}}
    both = {"class_name": "Bidirectional", "name": "both", "config": {"name": "both", "layer": {
        "class_name": "LSTM", "config": {"name": "lstm", "units": 2}}}}
    return [inner, each, both]


def put(group, name, array):
    group.create_dataset(name, data=array)


def keras2(path, of, with_config, group_name, libver=None, **how):
    with h5py.File(path, "w", libver=libver) as h:
        root = h.create_group(group_name) if group_name else h
        if with_config:
            h.attrs["keras_version"] = "2.15.0"
            h.attrs["backend"] = "tensorflow"
            config = {"class_name": "Functional", "config": {"name": "net", "layers": describe(LAYERS) + nested()}}
            h.attrs["model_config"] = json.dumps(config).encode("utf8")
        names = [n for n, _, _, _ in LAYERS] + ["inner", "each", "both"]
        root.attrs["layer_names"] = [n.encode("utf8") for n in names]

        def layer(name, weights):
            g = root.create_group(name)
            g.attrs["weight_names"] = [w.encode("utf8") for w, _ in weights]
            for w, a in weights:
                g.create_dataset(w, data=a, **(how if a.ndim > 1 else {}))

        for n, c, _, weights in LAYERS:
            made = [(f"{n}/{w}:0", f(*s), k, a) for w, s, k, a in weights]
            layer(n, [(w, a) for w, a, _, _ in made])
            for w, a, k, axis in made:
                said(of, w, a, k, axis, n, c)
        a = f(3, 2)
        layer("inner", [("deep/kernel:0", a)])
        said(of, "deep/kernel:0", a, "weight", 1, "deep", "Dense")
        a = f(3, 4, 2)
        layer("each", [("each/kernel:0", a)])
        said(of, "each/kernel:0", a, "weight", 1, "conv_in_each", "Conv1DTranspose")
        made = []
        for way in ("forward", "backward"):
            for leaf, shape in (("kernel", (3, 8)), ("recurrent_kernel", (2, 8)), ("bias", (8,))):
                made.append((f"both/{way}_lstm/lstm_cell/{leaf}:0", f(*shape)))
        layer("both", made)
        for w, a in made:
            said(of, w, a, "bias" if "bias" in w else "weight", None if "bias" in w else 1, "lstm", "LSTM")
        if with_config:
            o = h.create_group("optimizer_weights")
            o.create_dataset("Adam/m/stem/kernel:0", data=f(3, 3, 2, 4))


keras2("keras2.h5", "keras2", True, "model_weights")
keras2("keras2_packed.h5", "keras2_packed", True, "model_weights", compression="gzip", shuffle=True,
       fletcher32=True)
keras2("keras2_latest.h5", "keras2_latest", True, "model_weights", libver="latest")

# Weights only, Keras 2: nothing says what the layers are but their names.
with h5py.File("keras2_weights.h5", "w") as h:
    h.attrs["layer_names"] = [b"conv2d_transpose_1", b"my_layer"]
    for n, w, s, k, axis, c in (
        ("conv2d_transpose_1", "conv2d_transpose_1/kernel:0", (2, 2, 3, 2), "weight", 2, "Conv2DTranspose"),
        ("my_layer", "my_layer/w:0", (2, 3), "weight", 1, ""),
    ):
        a = f(*s)
        g = h.create_group(n)
        g.attrs["weight_names"] = [w.encode()]
        g.create_dataset(w, data=a)
        said("keras2_weights", w, a, k, axis, n, c)


# Keras 3: numbered variables, groups named by class, in an archive with a configuration.
def keras3(h, of, with_config, order):
    def vars_of(path, layer, cls, weights):
        g = h.create_group(path, track_order=order)
        for i, (leaf, a, kind, axis) in enumerate(weights):
            g.create_dataset(str(i), data=a)
            said(of, layer + "/" + leaf, a, kind, axis, layer, cls)

    def name(group, layer):
        return layer if with_config else group

    conv = f(3, 3, 1, 2)
    vars_of("layers/conv2d/vars", name("layers/conv2d", "first"), "Conv2D",
            [("kernel", conv, "weight", 3), ("bias", f(2), "bias", None)]) if with_config else None
    for i in range(12):
        group = "layers/dense" + ("" if i == 0 else f"_{i}")
        layer = f"d{i}" if with_config else group.split("/")[1]
        vars_of(group + "/vars", layer, "Dense", [("kernel", f(2, 3), "weight", 1), ("bias", f(3), "bias", None)])
    group = "layers/bidirectional"
    layer = "bi" if with_config else "bidirectional"
    for way in ("forward_layer", "backward_layer"):
        vars_of(f"{group}/{way}/cell/vars", f"{layer}/{way}/cell", "GRUCell" if with_config else "",
                [("kernel", f(3, 6), "weight", 1), ("recurrent_kernel", f(2, 6), "weight", 1),
                 ("bias", f(2, 6), "bias", None)] if with_config else
                [("vars/0", f(3, 6), "weight", 1), ("vars/1", f(2, 6), "weight", 1), ("vars/2", f(2, 6), "weight", 1)])
    layer = "inside" if with_config else "functional"
    vars_of("layers/functional/layers/embedding/vars", layer + ("/table" if with_config else "/embedding"), "Embedding",
            [("embeddings", f(5, 2), "weight", 0)])
    if with_config:
        vars_of("layers/einsum_dense/vars", "ein", "EinsumDense", [("kernel", f(2, 3, 4), "weight", 1)])
        vars_of("layers/dense_12/vars", "q8", "Dense", [
            ("kernel", rng.integers(-127, 128, (4, 2)).astype(np.int8), "constant", None), ("bias", f(2), "bias", None),
            ("kernel_scale", f(2), "constant", None)])
        for leaf, dtype in (("h", np.float16), ("d", np.float64), ("b", np.bool_), ("u", np.uint32)):
            a = f(3).astype(dtype) if dtype != np.bool_ else np.array([True, False, True])
            h.create_dataset("layers/odd/" + leaf, data=np.abs(a) if dtype == np.uint32 else a)
            said(of, "layers/odd/" + leaf, a, "constant", None, "layers/odd", "", a)
        a = f(2, 2)
        h.create_dataset("layers/odd/big_endian", data=a.astype(">f4"))
        said(of, "layers/odd/big_endian", a, "weight", 1, "layers/odd", "")
        b = np.array([0x3F80, 0xC000, 0x3FC0, 0x0000], np.uint16).reshape(2, 2)
        h.create_dataset("layers/odd/bf16", data=b.view("V2"))
        h["layers/odd/bf16"].attrs["dtype"] = "bfloat16"
        said(of, "layers/odd/bf16", a, "weight", 1, "layers/odd", "", np.array([1.0, -2.0, 1.5, 0.0]))
        wanted[of][-1]["dtype"] = "bfloat16"
        h.create_dataset("layers/odd/complex", data=np.array([1 + 2j], np.complex64))
        h.create_dataset("optimizer/vars/0", data=np.int64(3))


def archive(path, of, order):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=order) as h:
        keras3(h, of, True, order)
    dense = [{"module": "keras.layers", "class_name": "Dense", "name": f"d{i}",
              "config": {"name": f"d{i}", "units": 3, "use_bias": True}} for i in range(12)]
    layers = [
        {"class_name": "InputLayer", "config": {"name": "in"}},
        {"class_name": "Conv2D", "name": "first", "config": {"name": "first", "use_bias": True}},
        *dense,
        {"class_name": "Bidirectional", "name": "bi", "config": {"name": "bi", "layer": {
            "class_name": "GRU", "config": {"name": "gru", "units": 2}}}},
        {"class_name": "Functional", "name": "inside", "config": {"name": "inside", "layers": [
            {"class_name": "Embedding", "name": "table", "config": {"name": "table"}}]}},
        {"class_name": "EinsumDense", "name": "ein",
         "config": {"name": "ein", "equation": "abc,cdb->abd", "bias_axes": None, "use_bias": False}},
        {"class_name": "Dense", "name": "q8", "config": {"name": "q8", "units": 2, "use_bias": True}},
    ]
    config = {"module": "keras", "class_name": "Functional", "config": {"name": "net", "layers": layers},
              "compile_config": {"loss": None}}
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("metadata.json", json.dumps({"keras_version": "3.6.0", "date_saved": "2026-11-30@00:00:00"}))
        z.writestr("config.json", json.dumps(config))
        z.writestr("model.weights.h5", buffer.getvalue())


archive("keras3.keras", "keras3", False)
archive("keras3_ordered.keras", "keras3_ordered", True)

with h5py.File("keras3.weights.h5", "w") as h:
    keras3(h, "keras3_weights", False, False)

json.dump(wanted, open("values.json", "w"))

with h5py.File("one.h5", "w") as h:
    h.create_dataset("a", data=f(1))
