"""Do film critics like it? A recurrent network reads sentences of many lengths, and says good or bad.

The full run takes 16 seconds; it reads `review_sentences` (Pang and Lee, 2005). The figure at the end: accuracy on
sentences never seen; guessing has 0.5.
"""

import sys
from collections import Counter

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.data import Sequences, random_split
from gradus.optim import schedules

fast = "--fast" in sys.argv
size, epochs = (16, 8) if fast else (64, 4)
gradus.seed(0)

if fast:  # made sentences: words that tell, among others; and "not" turns the next one that tells
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 800)
    common = ["the", "film", "a", "plot", "it", "was", "and", "of"]
    telling = (["dull", "weak", "long"], ["fine", "moving", "great"])
    sentences = []
    for label in labels:
        words = list(rng.choice(common, rng.integers(3, 10)))
        turned = rng.random() < 0.3
        place = rng.integers(0, len(words))
        words[place:place] = ["not"] * turned + [rng.choice(telling[label ^ turned])]
        sentences.append(" ".join(words))
else:
    sentences, labels = datasets.review_sentences()

order = gradus.permutation(len(sentences))
words = [sentences[i].split() for i in order]
cut = len(words) * 9 // 10
counts = Counter(word for text in words[:cut] for word in text)
number = {word: i + 1 for i, (word, count) in enumerate(counts.most_common()) if count > 1}  # 0: any other word
numbers = [[number.get(word, 0) for word in text] for text in words]
data = Sequences(numbers, labels[order], buckets=2 if fast else 5, classes=("bad", "good"))
train, test = gradus.data.Subset(data, range(cut)), gradus.data.Subset(data, range(cut, len(data)))
train, validation = random_split(train, [0.9, 0.1])
print(f"{len(data):,} sentences, {len(number):,} words; padded to {data.buckets}")


class Reader(nn.Module):
    """Word vectors, a GRU in both directions, and what it thinks at the ends."""

    def __init__(self, words):
        self.embed = nn.Sequential(nn.Embedding(words, size), nn.Dropout(0.5))
        nn.init.normal_(self.embed[0].weight, std=0.3)
        self.gru = nn.GRU(size, size, batch_first=True, bidirectional=True)
        self.out = nn.Sequential(nn.Dropout(0.5), nn.Linear(2 * size, 2))

    def forward(self, text, lengths):
        _, last = self.gru(self.embed(text), lengths=lengths)  # padding counts for nothing
        return self.out(gradus.concatenate([last[0], last[1]], axis=1))


model = Reader(len(number) + 1)
rate = schedules.one_cycle(2e-2 if fast else 5e-3, steps=epochs * -(-len(train) // 64))
trainer = gradus.Trainer(model, "cross_entropy", optim.AdamW(model.parameters(), lr=rate, weight_decay=0.1))
trainer.fit(train, validation, epochs=epochs, batch_size=64)

figure = trainer.evaluate(test)["accuracy"]
scores = nn.functional.softmax(trainer.predict(test), axis=1).numpy()[:, 1]
for i in (scores.argmax(), scores.argmin()):
    print(f"  {scores[i]:.3f} good: {' '.join(words[cut + i])[:100]}")
print(f"accuracy on sentences never seen: {figure:.4f}")
