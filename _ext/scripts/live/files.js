// The checkpoint's files: fetched, or, where a page may not fetch, from a script.
(() => {
  const Live = globalThis.Live ??= {};

  /** A file's bytes as they come; `onbytes` hears how many there are so far. */
  async function bytesOf(url, onbytes) {
    let answer;
    try {
      answer = await fetch(url);
    } catch (error) {
      throw new Error(`${url.split("/").pop()} could not be fetched (${error.message})`);
    }
    if (!answer.ok)
      throw new Error(`${url.split("/").pop()} could not be fetched (status ${answer.status})`);
    const parts = [], reader = answer.body.getReader();
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      length += value.length;
      onbytes?.(length);
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) { whole.set(part, at); at += part.length; }
    return whole.buffer;
  }

  /** What a Session needs, from the folder `base`. */
  async function fetchFiles(base, onbytes) {
    const json = async (name) =>
      JSON.parse(new TextDecoder().decode(await bytesOf(`${base}${name}`)));
    const [config, tokenizer, weights] = await Promise.all([
      json("config.json"), json("tokenizer.json"),
      bytesOf(`${base}model.safetensors`, onbytes)]);
    return { config, tokenizer, weights };
  }

  /** The same from weights.js, which a script tag brings; the bytes are in base64. */
  function filesFromScript(base) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${base}weights.js`;
      script.onerror = () => reject(new Error("weights.js could not be read"));
      script.onload = () => {
        const { config, tokenizer, weights } = globalThis.LIVE_WEIGHTS;
        delete globalThis.LIVE_WEIGHTS;
        script.remove();
        const text = atob(weights), bytes = new Uint8Array(text.length);
        for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
        resolve({ config, tokenizer, weights: bytes.buffer });
      };
      document.head.append(script);
    });
  }

  Object.assign(Live, { fetchFiles, filesFromScript });
})();
