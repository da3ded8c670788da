// A Session in a worker: `{id, method, job}` comes in, `{id, answer}` or `{id, error}` goes
// back. The first message loads.
importScripts(...["checkpoint", "cache", "generate", "tokenizer", "qwen3", "session", "files"]
  .map((name) => `${name}.js`));

let session = null;

onmessage = async ({ data: { id, method, job } }) => {
  try {
    let answer = null;
    if (method === "load") {
      const progress = (loaded) => postMessage({ loaded });
      session = new Live.Session(await Live.fetchFiles(job.base, progress));
    } else {
      answer = session[method](job);
    }
    postMessage({ id, answer }, Live.buffersOf(answer));
  } catch (error) {
    postMessage({ id, error: error.message });
  }
};
