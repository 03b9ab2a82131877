// A text classifier: does a sentence of a review praise or complain? Embedding, Conv1D over words, the strongest of each feature.

import { layers, Sequential, Tensor } from "keratin";
import { dataFile, everyNth, type Job, main } from "./job.js";
import { confusionMatrix } from "./terminal.js";

const { Conv1D, Dense, Dropout, Embedding, GlobalMaxPooling1D } = layers;

/** Words per sentence: longer ones are cut, shorter ones filled with 0. */
const LENGTH = 32;
/** 0 fills, 1 stands for every word that the training sentences have only once, or not at all. */
const UNKNOWN = 1;

interface Sentence {
  words: string[];
  /** 1 for praise. */
  label: number;
  text: string;
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}']+|[!?]/gu) ?? [];

function readSentences(): Sentence[] {
  const lines = Buffer.from(dataFile("sentences.tsv")).toString().trim().split("\n");
  return lines.map((line) => {
    const [label, , text] = line.split("\t") as [string, string, string];
    return { words: wordsOf(text), label: Number(label), text };
  });
}

/** A number for each word that occurs twice or more. */
function vocabularyOf(sentences: readonly Sentence[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { words } of sentences) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const frequent = [...counts].filter(([, n]) => n > 1).map(([word]) => word);
  return new Map(frequent.map((word, i) => [word, UNKNOWN + 1 + i]));
}

function encode(sentences: readonly Sentence[], vocabulary: Map<string, number>): { x: Tensor; y: Tensor } {
  const x = new Int32Array(sentences.length * LENGTH);
  sentences.forEach(({ words }, i) => {
    x.set(words.slice(0, LENGTH).map((word) => vocabulary.get(word) ?? UNKNOWN), i * LENGTH);
  }); // biome-ignore format: one line
  return {
    x: new Tensor(x, [sentences.length, LENGTH]),
    y: new Tensor(
      Float32Array.from(sentences, (s) => s.label),
      [sentences.length, 1],
    ),
  };
}

function buildModel(words: number): Sequential {
  const model = new Sequential([
    layers.Input([LENGTH], { dtype: "int32" }),
    new Embedding(words, 32),
    new Dropout(0.3),
    new Conv1D(64, 3, { activation: "relu" }),
    new GlobalMaxPooling1D(),
    new Dropout(0.5),
    new Dense(1, { activation: "sigmoid" }),
  ]);
  model.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"] });
  return model;
}

export const job: Job = {
  title: "Praise or complaint: Embedding and Conv1D on sentences of reviews",
  goal: { what: "test accuracy", quick: 0.7, whole: 0.75 },
  async run({ quick, say, verbose }) {
    const [testSentences, trainSentences] = everyNth(readSentences(), 5);
    const vocabulary = vocabularyOf(trainSentences);
    const [train, test] = [encode(trainSentences, vocabulary), encode(testSentences, vocabulary)];
    say(`${trainSentences.length} sentences to learn from, ${testSentences.length} to judge, ${vocabulary.size} words`);

    const model = buildModel(UNKNOWN + 1 + vocabulary.size);
    model.summary({ printFn: say });
    await model.fit(train.x, train.y, { epochs: quick ? 6 : 15, batchSize: 32, verbose });

    const praise = (await model.predict(test.x, { batchSize: 100, verbose: 0 })).data;
    const predicted = Array.from(praise, (p) => (p > 0.5 ? 1 : 0));
    const labels = testSentences.map((s) => s.label);
    say(`\n${confusionMatrix(labels, predicted, 2)}\n`);
    for (let i = 0; i < testSentences.length; i += 60)
      say(`${(100 * praise[i]!).toFixed(0).padStart(4)} % praise: ${testSentences[i]!.text}`);
    return predicted.filter((p, i) => p === labels[i]).length / labels.length;
  },
};

await main(import.meta.url, job);
