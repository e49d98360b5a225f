/** Returns what the task prints about `subject`. */
export function line(subject) {
  return `{{before}}${subject}{{after}}`;
}
