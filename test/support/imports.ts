import ts from 'typescript'
import { parse as parseVue } from 'vue/compiler-sfc'

export interface ImportOf {
  /** As written; undefined where it is computed and so cannot be known. */
  specifier: string | undefined
  /** `type` is erased before it runs; `start` is the file of a worker or process that is started, not loaded. */
  by: 'load' | 'type' | 'start'
}

export interface Code {
  imports: ImportOf[]
  /** Globals that are used and that the file does not declare itself. */
  globals: Set<string>
  readsEnvironment: boolean
}

const watchedGlobals = new Set(['process', 'fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'])

/**
 * Reads the code of a `.ts`, `.js` or `.vue` file: its imports in every form (static, `export … from`, dynamic, `require`, in types, and the `new URL('./x.ts',
 * import.meta.url)` that starts workers), the globals that reach outside, and whether it reads the environment.
 */
export function readCode(path: string, text: string): Code {
  const code: Code = { imports: [], globals: new Set(), readsEnvironment: false }
  const declared = new Set<string>()
  const used = new Set<string>()
  for (const script of path.endsWith('.vue') ? vueScripts(path, text, code) : [text]) {
    visit(ts.createSourceFile(path.replace(/\.vue$/, '.ts'), script, ts.ScriptTarget.ESNext), code, declared, used)
  }
  for (const name of used) if (!declared.has(name)) code.globals.add(name)
  return code
}

function vueScripts(path: string, text: string, code: Code): string[] {
  const { descriptor, errors } = parseVue(text, { filename: path })
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)
  const scripts = [descriptor.script, descriptor.scriptSetup].filter((script) => script !== null)
  for (const { src } of scripts) if (src !== undefined) code.imports.push({ specifier: src, by: 'load' })
  return scripts.map((script) => script.content)
}

function visit(node: ts.Node, code: Code, declared: Set<string>, used: Set<string>): void {
  const add = (specifier: ts.Node | undefined, by: ImportOf['by'] = 'load') =>
    code.imports.push({ specifier: specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined, by })

  if (ts.isImportDeclaration(node)) {
    add(node.moduleSpecifier, isTypeOnly(node.importClause) ? 'type' : 'load')
    if (/^(?:node:)?process$/.test(textOf(node.moduleSpecifier))) used.add('process')
    if (/^(?:node:)?process$/.test(textOf(node.moduleSpecifier)) && importedNames(node).includes('env'))
      code.readsEnvironment = true
  } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'load')
  } else if (ts.isExternalModuleReference(node)) {
    add(node.expression)
  } else if (ts.isImportTypeNode(node)) {
    add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type')
  } else if (ts.isCallExpression(node)) {
    const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword
    if (isImport || (ts.isIdentifier(node.expression) && node.expression.text === 'require')) add(node.arguments[0])
  } else if (ts.isNewExpression(node) && textOf(node.expression) === 'URL') {
    const [first] = node.arguments ?? []
    if (first && /^\.{1,2}\/.*\.(?:ts|js|mjs)$/.test(textOf(first))) add(first, 'start')
  }

  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    const name = ts.isPropertyAccessExpression(node) ? node.name.text : textOf(node.argumentExpression)
    if (name === 'env' && isProcess(node.expression)) code.readsEnvironment = true
    if (textOf(node.expression) === 'globalThis' && watchedGlobals.has(name)) code.globals.add(name)
  }
  if (
    ts.isVariableDeclaration(node) &&
    node.initializer &&
    isProcess(node.initializer) &&
    ts.isObjectBindingPattern(node.name)
  ) {
    if (node.name.elements.some((element) => textOf(element.propertyName ?? element.name) === 'env'))
      code.readsEnvironment = true
  }

  if (ts.isIdentifier(node) && watchedGlobals.has(node.text)) used.add(node.text)
  if (isNamedDeclaration(node) && node.name && ts.isIdentifier(node.name)) declared.add(node.name.text)

  ts.forEachChild(node, (child) => {
    // The name behind a dot, and the key of a property, are no uses of a global.
    if (ts.isPropertyAccessExpression(node) && child === node.name) return
    if (hasPropertyName(node) && child === node.name && ts.isIdentifier(child)) return
    visit(child, code, declared, used)
  })
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const { namedBindings } = clause
  if (clause.name || !namedBindings || !ts.isNamedImports(namedBindings)) return false
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly)
}

function importedNames(node: ts.ImportDeclaration): string[] {
  const bindings = node.importClause?.namedBindings
  return bindings && ts.isNamedImports(bindings)
    ? bindings.elements.map((element) => (element.propertyName ?? element.name).text)
    : []
}

function isProcess(node: ts.Node): boolean {
  if (textOf(node) === 'process') return true
  return ts.isPropertyAccessExpression(node) && textOf(node.expression) === 'globalThis' && node.name.text === 'process'
}

function textOf(node: ts.Node): string {
  return ts.isIdentifier(node) || ts.isStringLiteralLike(node) ? node.text : ''
}

function isNamedDeclaration(node: ts.Node): node is ts.NamedDeclaration {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isBindingElement(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isImportSpecifier(node) ||
    ts.isImportClause(node)
  )
}

function hasPropertyName(node: ts.Node): node is ts.NamedDeclaration {
  return (
    ts.isPropertyAssignment(node) ||
    ts.isPropertySignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isMethodSignature(node) ||
    ts.isGetAccessor(node)
  )
}
