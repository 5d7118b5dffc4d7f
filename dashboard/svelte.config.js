// Templates become nodes, never HTML texts: the page's CSP asks for trusted types.
export default { compilerOptions: { runes: true, fragments: 'tree' } }
