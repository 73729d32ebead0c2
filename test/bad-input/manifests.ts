import { tmpdir } from "node:os";
import * as pulumi from "@pulumi/pulumi";
import { KubernetesMicroservice, type KubernetesMicroserviceArgs } from "../../components";
import { file } from "./file";
import { deployedKubernetes, type Row, wrong } from "./ground";

/** A Deployment with its Service, whose lines messages name. */
export const WEB = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - name: nginx
          image: nginx:1
          env:
            - { name: GREETING, value: none }
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: { app: web }
  ports:
    - port: 80
`;

export const microservice =
  (args: Partial<KubernetesMicroserviceArgs>, text = WEB) =>
  () =>
    new KubernetesMicroservice("shop", { cluster: deployedKubernetes(), manifests: [file(text)], ...args });

const overridden = (path: unknown, value: unknown = 1, choice: object = { kind: "Deployment" }) =>
  microservice({ overrides: [{ path: wrong(path), value, ...choice }] });

const document = (text: string) => microservice({}, `# A comment, and an empty document before.\n---\n${text}`);

/** Mistakes in the manifests of a microservice, and in what is to differ from them. */
export const MANIFESTS: Row[] = [
  ["manifests that are none", microservice({ manifests: [] }), ["manifests is empty"]],
  ["a manifest that is a number", microservice({ manifests: wrong([7]) }), ["manifests is a list of 1", "YAML files"]],
  ["a manifest by a relative path", microservice({ manifests: ["web.yaml"] }), ['"web.yaml"', "absolute path"]],
  [
    "a manifest that is not there",
    microservice({ manifests: [`${tmpdir()}/nowhere/web.yaml`] }),
    ["nowhere/web.yaml, which is not there"],
  ],
  ["a manifest that is a folder", microservice({ manifests: [tmpdir()] }), ["which is a folder"]],
  [
    "the folder of the program",
    microservice({ manifests: [process.cwd()] }),
    [`names ${process.cwd()}, which is a folder`],
  ],
  ["a program for a manifest", microservice({ manifests: ["/bin/true"] }), ["which is no text"]],
  ["a manifest without an object", microservice({}, "---\n---\n# Nothing.\n"), ["its manifests have no object"]],
  ["a manifest that is no YAML", document("kind: [Service\n"), ["web.yaml:4 is no YAML"]],
  ["a manifest with a key twice", document("kind: A\nkind: B\n"), ["web.yaml:4 is no YAML: Map keys must be unique"]],
  ["a manifest with a tag that nobody knows", document("kind: !secret A\n"), ["web.yaml:3 is no YAML", "!secret"]],
  ["a manifest that is a list", document("- kind: Service\n"), ["web.yaml:3 is a list of 1", "apiVersion"]],
  [
    "an object without an API version",
    document("kind: Service\nmetadata: { name: web }\n"),
    ["web.yaml:3 has no apiVersion"],
  ],
  ["an object without a kind", document("apiVersion: v1\nmetadata: { name: web }\n"), ["web.yaml:3 has no kind"]],
  [
    "an object without a name",
    document("apiVersion: v1\nkind: Service\nmetadata: { generateName: web- }\n"),
    ["web.yaml:3 has no metadata.name"],
  ],
  [
    "an object whose name is a number",
    document("apiVersion: v1\nkind: Service\nmetadata:\n  name: 80\n"),
    ["web.yaml:6: metadata.name is 80"],
  ],
  [
    "an object in a list for a namespace",
    document("apiVersion: v1\nkind: Service\nmetadata: { name: a, namespace: [b] }\n"),
    ["web.yaml:5: metadata.namespace is a list of 1"],
  ],
  [
    "two objects of one identity",
    microservice({}, `${WEB}---\n${WEB.split("---\n")[1]}`),
    ['web.yaml:28 is Service "web", which', "web.yaml:19 is already"],
  ],
  [
    "two objects of one identity, one in the default namespace by its name",
    microservice({
      manifests: [file(WEB), { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "default" } }],
    }),
    ['manifests[1] is Service "web" in "default", which', "web.yaml:19 is already"],
  ],
  [
    "an object that another microservice has on the same cluster",
    () => {
      const cluster = deployedKubernetes();
      microservice({ cluster })();
      return new KubernetesMicroservice("store", {
        cluster,
        manifests: [{ apiVersion: "v1", kind: "Service", metadata: { name: "web" } }],
      });
    },
    ['its cluster cluster has Service "web" already, by shop'],
  ],
  [
    "a kind that its group does not have",
    document("apiVersion: apps/v1\nkind: Deploymnt\nmetadata: { name: a }\n"),
    ['web.yaml:4: kind is "Deploymnt", which apps/v1 does not have: did you mean "Deployment"?'],
  ],
  [
    "a kind of another group",
    document("apiVersion: v1\nkind: Ingress\nmetadata: { name: a }\n"),
    ['kind is "Ingress", which v1 does not have: it is a kind of "extensions/v1beta1", "networking.k8s.io/v1"'],
  ],
  [
    "a kind that is no name",
    document("apiVersion: example.org/v1\nkind: pods/log\nmetadata: { name: a }\n"),
    ['web.yaml:4: kind is "pods/log"'],
  ],
  [
    "a group that Kubernetes does not have",
    document("apiVersion: app/v1\nkind: Deployment\nmetadata: { name: a }\n"),
    ['web.yaml:3: apiVersion is "app/v1"', 'no group "app": did you mean "apps"?'],
  ],
  [
    "a version that its group does not have",
    document("apiVersion: batch/v2\nkind: Job\nmetadata: { name: a }\n"),
    ['the group "batch" has no version "v2": did you mean "v1"?'],
  ],
  [
    "an API version that is none",
    document("apiVersion: apps/v1/beta\nkind: Deployment\nmetadata: { name: a }\n"),
    ['apiVersion is "apps/v1/beta": it must be VERSION or GROUP/VERSION'],
  ],
  [
    "a list of objects in one document",
    document("apiVersion: v1\nkind: ServiceList\nmetadata: { name: a }\nitems: []\n"),
    ['kind is "ServiceList": write each object of the list as a document of its own'],
  ],
  [
    "an override of a kind that is not there",
    overridden("spec", {}, { kind: "StatefulSet" }),
    ["overrides[0] is for StatefulSet, which is not in the manifests", 'Deployment "web", Service "web"'],
  ],
  [
    "an override of a name that is not there",
    overridden("spec", {}, { kind: "Service", name: "wbe" }),
    ['overrides[0] is for Service "wbe"', 'did you mean Service "web"?'],
  ],
  [
    "an override that may be of two objects",
    overridden("spec", {}, { name: "web" }),
    ['which may be Deployment "web" or Service "web"', "kind, name and namespace"],
  ],
  [
    "an override whose path leads nowhere",
    overridden("spec.replcas"),
    [
      '"spec.replcas" leads nowhere in Deployment "web": spec (',
      'web.yaml:5) has no "replcas": did you mean "replicas"?',
    ],
  ],
  [
    "an override whose path leads nowhere on its way",
    overridden("spec.templat.spec.containers[0].image"),
    ['has no "templat": did you mean "template"?'],
  ],
  [
    "an override whose path leads through a scalar",
    overridden("spec.replicas.most"),
    ["spec.replicas is 2 (", "web.yaml:6), and nothing is below that"],
  ],
  [
    "an override beyond a list's end",
    overridden("spec.template.spec.containers[1].image", "x"),
    ["spec.template.spec.containers (", "web.yaml:13) is a list of 1: the last index is 0"],
  ],
  [
    "an override that takes a list for an object",
    overridden("spec.template.spec.containers.nginx.image", "x"),
    ['"nginx" is no index of it', "spec.template.spec.containers[0]"],
  ],
  [
    "an override that adds with a hole before it",
    microservice({
      overrides: [{ kind: "Deployment", path: "spec.template.spec.containers[2]", value: {}, add: true }],
    }),
    ["is a list of 1: the last index is 0"],
  ],
  ["an override without a path", overridden(""), ['overrides[0]: its path is ""']],
  ["an override whose path is a number", overridden(7), ["overrides[0]: its path is 7"]],
  ["an override whose path is open", overridden("spec.containers[0"), ['its path is "spec.containers[0"']],
  [
    "an override without a value",
    microservice({ overrides: [{ kind: "Deployment", path: "spec.replicas", value: undefined }] }),
    ["overrides[0]: its value is undefined"],
  ],
  [
    "an override of a list by a text",
    overridden("spec.template.spec.containers", "nginx"),
    ['is a list in Deployment "web"', 'web.yaml:13), and the value is "nginx": give a list'],
  ],
  [
    "an override of a number by an object",
    overridden("spec.replicas", { most: 3 }),
    ["is a single value in", "the value is an object: give a single value"],
  ],
  [
    "an override of an object's name",
    overridden("metadata.name", "shop"),
    ['"metadata.name" is what Deployment "web" is known by (', "web.yaml:3)"],
  ],
  [
    "two overrides of one place",
    microservice({
      overrides: [
        { kind: "Deployment", path: "spec.replicas", value: 3 },
        { kind: "Deployment", name: "web", path: '["spec"].replicas', value: 4 },
      ],
    }),
    ['overrides[1] and overrides[0] are both for "["spec"].replicas"'],
  ],
  [
    "an override into an output",
    microservice({
      manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: pulumi.output({ b: "c" }) }],
      overrides: [{ path: "data.b", value: "d" }],
    }),
    ["data (manifests[0].data) is an output", "override it as a whole"],
  ],
  [
    "variables for an object without containers",
    microservice({ env: [{ kind: "Service", variables: { A: "b" } }] }),
    ['env[0] is for Service "web" (', "web.yaml:20), which describes no container"],
  ],
  [
    "variables where no object has containers",
    microservice({ env: [{ variables: { A: "b" } }] }, WEB.split("---\n")[1]),
    ["env[0]: the manifests describe no container"],
  ],
  [
    "variables for an object that is not there",
    microservice({ env: [{ kind: "Pod", variables: {} }] }),
    ["env[0] is for Pod, which is not in the manifests"],
  ],
  [
    "variables for a container that is not there",
    microservice({ env: [{ container: "ngin", variables: {} }] }),
    ['env[0] is for container "ngin"', 'there is "nginx"'],
  ],
  [
    "a variable that is a number",
    microservice({ env: [{ variables: { PORT: wrong(80) } }] }),
    ["env[0]: the variable PORT is 80: it must be a text"],
  ],
  ["a variable of no name", microservice({ env: [{ variables: { "A B": "c" } }] }), ['the variable "A B" must be of']],
  [
    "a container that asks for more than it may have",
    microservice({
      overrides: [
        {
          kind: "Deployment",
          path: "spec.template.spec.containers[0].resources",
          value: { requests: { memory: "1Gi" } },
          add: true,
        },
      ],
    }),
    ['container "nginx" asks for 1Gi of memory and has no limit', "256Mi", "memoryLimitMiB"],
  ],
  [
    "a microservice with a limit of nothing",
    microservice({ memoryLimitMiB: 0 }),
    ["memoryLimitMiB is 0", "take a limit"],
  ],
  [
    "a microservice that is given no time",
    microservice({ readyTimeoutSeconds: 0 }),
    ["readyTimeoutSeconds is 0", "from 1 to 9999"],
  ],
  [
    "a microservice of two runtime classes",
    microservice({ runtimeClass: wrong(["kata", "runc"]) }),
    ["runtimeClass is a list of 2: it must be the name of a RuntimeClass of the cluster"],
  ],
  [
    "a microservice that is replaceable at times",
    microservice({ replaceable: wrong("yes") }),
    ['replaceable is "yes"'],
  ],
  [
    "everything wrong with a manifest at once",
    document("kind: Service\n---\napiVersion: v1\nkind: Sevice\nmetadata: { name: a }\n"),
    ["web.yaml:3 has no apiVersion", "web.yaml:3 has no metadata.name", 'web.yaml:6: kind is "Sevice"'],
  ],
];
