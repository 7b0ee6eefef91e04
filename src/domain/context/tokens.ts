/** The estimate that limits a context. */

const bytesPerToken = 4
const encoder = new TextEncoder()

export function byteLength(text: string): number {
  return encoder.encode(text).length
}

/**
 * Estimates tokens as UTF-8 bytes divided by four, rounded up. For English text and code that is characters / 4; other
 * scripts cost more tokens per character, and more bytes. It is an estimate: no vendor's tokenizer is asked.
 */
export function estimateTokens(text: string): number {
  return tokensOfBytes(byteLength(text))
}

function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken)
}

export function bytesOfTokens(tokens: number): number {
  return tokens * bytesPerToken
}

/** The longest beginning of a text that has at most `bytes` bytes, without half a character at its end. */
export function cutToBytes(text: string, bytes: number): string {
  let used = 0
  let end = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    used += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (used > bytes) break
    end += character.length
  }
  return text.slice(0, end)
}
