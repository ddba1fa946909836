"""The source document's programs, in Keras, as a reader would run them; `make bench` times them.

Run in the environment of requirements-bench.txt.
"""

import argparse
import os
from pathlib import Path

from bench.worker import Stretches, pin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapter", choices=tuple(PROGRAMS))
    parser.add_argument("data", type=Path, help="folder with examples.npy and labels.npy")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    pin(arguments.threads)
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"

    import keras
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    keras.utils.set_random_seed(0)

    model = PROGRAMS[arguments.chapter](keras.layers, keras.Model)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    examples = np.load(arguments.data / "examples.npy")
    if arguments.chapter == "cnn":
        examples = examples[:, 0, :, :, None]  # (n, 28, 28, 1)
    labels = np.load(arguments.data / "labels.npy")

    stretches = Stretches(keras=keras.__version__, tensorflow=tf.__version__, parameters=model.count_params())

    class Timed(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            stretches.begin()

        def on_epoch_end(self, epoch, logs=None):
            stretches.end(len(examples))

    model.fit(examples, labels, epochs=10**6, batch_size=64, verbose=0, callbacks=[Timed()])


def convolutional(layers, model):
    """Return the network of the source document, section 2.1."""
    inputs = layers.Input((28, 28, 1))
    x = layers.Conv2D(32, (3, 3), activation="relu")(inputs)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(64, (3, 3), activation="relu")(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Flatten()(x)
    return model(inputs, layers.Dense(10, activation="softmax")(x))


def recurrent(layers, model):
    """Return the network of section 2.2, made to run: tokens get their 100 features, and there are 100 steps."""
    inputs = layers.Input((100,))
    x = layers.Embedding(10_000, 100)(inputs)
    x = layers.LSTM(64, return_sequences=True)(x)
    x = layers.Flatten()(x)
    return model(inputs, layers.Dense(10, activation="softmax")(x))


def attention(layers, model):
    """Return the network of section 2.3, made to run: token ids, 8 heads, query, value and key in Keras' order."""
    inputs = layers.Input((100,))
    query, key, value = (layers.Embedding(10_000, 64)(inputs) for _ in range(3))
    x = layers.MultiHeadAttention(num_heads=8, key_dim=8)(query, value, key)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Flatten()(x)
    return model(inputs, layers.Dense(10, activation="softmax")(x))


PROGRAMS = {"cnn": convolutional, "rnn": recurrent, "transformer": attention}

if __name__ == "__main__":
    main()
