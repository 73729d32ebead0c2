import { PolicyPack, type ResourceValidationPolicy, Secret } from "@pulumi/policy";
import { runtime } from "@pulumi/pulumi";
import { fromWire, type PolicyResource } from "./resource";
import { MACHINE_REPLACEMENT, openSecretsIn, RULES, SECRETS } from "./rules";

type Properties = Readonly<Record<string, unknown>>;

/** What is behind the SDK's view of a resource's properties, which throws where one is not known yet and does not tell which ones are secret. */
function bareOf(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(properties)).map(([key, { value }]) => [key, value]),
  );
}

/** The same as it goes to the engine. */
function toWire(value: unknown): unknown {
  if (value instanceof Secret)
    return { [runtime.specialSigKey]: runtime.specialSecretSig, value: toWire(value.value as unknown) };
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toWire(one)]));
}

/** A rule as Pulumi takes it. */
function policyOf(
  { name, description }: { readonly name: string; readonly description: string },
  check: (resource: PolicyResource) => readonly string[],
): ResourceValidationPolicy {
  return {
    name,
    description,
    validateResource: ({ type, name: resource, props, opts }, reportViolation) => {
      const inputs = fromWire(bareOf(props)) as Properties;
      for (const message of check({ type, name: resource, inputs, isProtected: opts.protect }))
        reportViolation(message);
    },
  };
}

/** The same value with what stands at these places made a secret. */
function hidden(value: unknown, places: ReadonlySet<string>, place = ""): unknown {
  if (places.has(place)) return new Secret(value);
  if (Array.isArray(value)) return value.map((one, index) => hidden(one, places, `${place}[${index}]`));
  if (typeof value !== "object" || value === null || value.constructor !== Object) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, hidden(one, places, place ? `${place}.${key}` : key)]),
  );
}

new PolicyPack("hybrid-vnf", {
  description: "What a network service across machines, Kubernetes and Docker Swarm must not do.",
  enforcementLevel: "mandatory",
  policies: [
    ...RULES.filter((rule) => rule !== SECRETS).map((rule) => policyOf(rule, rule.check)),
    // Only a remediation is told what is a secret already: so the pack makes one of what is not.
    {
      name: SECRETS.name,
      description: SECRETS.description,
      enforcementLevel: "remediate",
      remediateResource: ({ props }) => {
        const bare = bareOf(props);
        const places = openSecretsIn(fromWire(toWire(bare)));
        return places.length > 0 ? (hidden(bare, new Set(places)) as Record<string, unknown>) : undefined;
      },
    },
    // A pack sees what a machine is to be, not what it was: what it can ask for is that the engine refuses to lose it.
    { ...policyOf(MACHINE_REPLACEMENT, MACHINE_REPLACEMENT.checkAlone), enforcementLevel: "disabled" },
  ],
});
