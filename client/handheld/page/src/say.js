// The handheld's own words. What it shares with the dispatcher's page is worded there.
import { language } from "../../../console/page/src/words.js";
import en from "./lang/en.json";
import es from "./lang/es.json";
import fr from "./lang/fr.json";

const books = { en, es, fr };

/** say gives a sentence, with {places} for values. */
export function say(key, values = {}) {
  const sentence = books[language.value][key] ?? key;
  return typeof sentence === "string" ? sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? "")) : sentence;
}
