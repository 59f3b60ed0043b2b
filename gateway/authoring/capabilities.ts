// OPA's own list of what policies may use, cut down to what a compiled policy can use here: the
// built-ins that OPA compiles into modules and the host's. With it OPA refuses at build time what
// the gateway would refuse at activation.

/** OPA 1.22.2, internal/compiler/wasm/wasm.go: built-ins with code inside the module. */
const COMPILED_IN = `
abs all and any array.concat array.flatten array.reverse array.slice base64.decode base64.encode
base64.is_valid base64url.decode base64url.encode bits.and bits.lsh bits.negate bits.or bits.rsh
bits.xor ceil concat contains count div endswith eq equal floor format_int glob.match
graph.reachable gt gte indexof internal.member_2 internal.member_3 internal.template_string
intersection is_array is_boolean is_null is_number is_object is_set is_string json.filter
json.is_valid json.marshal json.remove json.unmarshal lower lt lte max min minus mul
net.cidr_contains net.cidr_intersects net.cidr_overlap neq numbers.range object.filter object.get
object.keys object.remove object.union object.union_n or plus product re_match
regex.find_all_string_submatch_n regex.is_valid regex.match rem replace round sort split startswith
strings.replace_n strings.reverse substring sum to_number trim trim_left trim_prefix trim_right
trim_space trim_suffix type_name union upper walk
`

/** Resolved or removed by the compiler, so that no module ever calls them. */
const COMPILE_TIME = `
assign print internal.print rego.metadata.chain rego.metadata.rule
`

interface Capabilities {
  readonly builtins: readonly { readonly name: string }[]
}

/** `printed` is what `opa capabilities --current` prints; the result is a file's text. */
export function gatewayCapabilities(printed: string, hostNames: Iterable<string>): string {
  const capabilities: unknown = JSON.parse(printed)
  if (!isCapabilities(capabilities)) throw new TypeError('not the capabilities of an OPA')
  const known = new Set([...words(COMPILED_IN), ...words(COMPILE_TIME), ...hostNames])
  const builtins = capabilities.builtins.filter(({ name }) => known.has(name))
  return `${JSON.stringify({ ...capabilities, builtins, allow_net: [] }, null, 1)}\n`
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

function isCapabilities(value: unknown): value is Capabilities {
  return (
    typeof value === 'object' &&
    value !== null &&
    'builtins' in value &&
    Array.isArray(value.builtins)
  )
}
