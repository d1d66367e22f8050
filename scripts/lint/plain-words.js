/**
 * ESLint rule that keeps out words which had a meaning in this project that no reader could guess. The message says
 * what to write instead. Checks comments, strings (test titles, messages) and names.
 */
const WORDS = [
  [/\bturns?\b/i, 'say "rate-limit token", "round", "iteration of the event loop" or the verb that is meant'],
  [/\bremnants?\b|\bstrays?\b/i, 'say "orphaned VM" or "orphan"'],
  [/\bpassages?\b/i, 'say "status transitions"'],
  [/\boccasions?\b/i, 'say "sync trigger"'],
  [/\bannounce[ds]?\b|\bannouncing\b/i, 'say "publish"'],
  [/\bsomebody\b|\bwhoever\b|\beverybody\b/i, 'name who: the caller, a user, an operator, a process'],
  [/\b(?:he|his|him|himself)\b/i, 'name who, then "they"'],
];

/** Splits a camelCase, PascalCase or CONSTANT_CASE name into words. */
function wordsOf(name) {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[_$#]+/g, ' ');
}

/** @type {import('eslint').Rule.RuleModule} */
const plainWords = {
  meta: {
    type: 'suggestion',
    docs: { description: 'Keep out words that have no meaning outside this project.' },
    messages: { word: '"{{word}}": {{advice}}.' },
    schema: [],
  },
  create(context) {
    const check = (node, text) => {
      for (const [pattern, advice] of WORDS) {
        const word = pattern.exec(text)?.[0];
        if (word !== undefined) context.report({ node, messageId: 'word', data: { word, advice } });
      }
    };
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) check(comment, comment.value);
      },
      Literal(node) {
        if (typeof node.value === 'string') check(node, node.value);
      },
      TemplateElement(node) {
        check(node, node.value.raw);
      },
      Identifier(node) {
        // A name is checked where it is declared; reporting its uses would only repeat that.
        const { parent } = node;
        const isMade = parent.id === node || (parent.key === node && !parent.computed) || parent.params?.includes(node);
        if (isMade) check(node, wordsOf(node.name));
      },
    };
  },
};

export default { rules: { 'plain-words': plainWords } };
