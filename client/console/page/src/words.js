// The page's words in three languages. A sentence is one entry of a catalogue, with
// {places} for values; it is never put together from pieces.
import { signal } from "@preact/signals";
import en from "./lang/en.json";
import es from "./lang/es.json";
import fr from "./lang/fr.json";

const books = { en, es, fr };
const locales = { en: "en-US", es: "es-MX", fr: "fr-CA" };

export const languages = Object.keys(books);
export const language = signal("en");
export const locale = () => locales[language.value];

/** t gives a sentence; one with forms by number chooses by values.n. */
export function t(key, values = {}) {
  let sentence = books[language.value][key];
  if (sentence === undefined) return key;
  if (typeof sentence === "object") {
    const form = new Intl.PluralRules(locale()).select(values.n);
    sentence = sentence[form] ?? sentence.other;
  }
  return sentence.replace(/\{(\w+)\}/g, (_, name) => show(values[name]));
}

/** word gives the word for a value that comes from a fixed list, or the value itself. */
export function word(list, value) {
  const key = `${list}.${String(value ?? "").toLowerCase().replaceAll(" ", "-")}`;
  return books[language.value][key] === undefined ? String(value ?? "") : t(key);
}

function show(value) {
  if (typeof value === "number") return new Intl.NumberFormat(locale()).format(value);
  return String(value ?? "");
}

/** names joins a list of names as the language does. */
export const names = (list) => new Intl.ListFormat(locale(), { type: "conjunction" }).format(list);
