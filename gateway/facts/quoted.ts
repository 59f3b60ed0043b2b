// Text of the client inside a refusal's detail.

/** Short, and in ASCII without controls, so that it breaks no line. */
export function quoted(text: string): string {
  const short = text.length > 64 ? `${text.slice(0, 64)}...` : text
  return JSON.stringify(short).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
