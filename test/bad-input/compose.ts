import { SwarmMicroservice, type SwarmMicroserviceArgs } from "../../components";
import { file } from "./file";
import { balancer, deployedSwarm, node, type Row, wrong } from "./ground";

/** Two services, whose lines messages name. */
export const SHOP = `services:
  web:
    image: nginx:1
    environment:
      GREETING: none
    ports:
      - "8080:80"
    deploy:
      replicas: 2
  store:
    image: store:1
    command: [serve]
`;

export const swarmMicroservice =
  (args: Partial<SwarmMicroserviceArgs>, text = SHOP) =>
  () =>
    new SwarmMicroservice("shop", { cluster: deployedSwarm(), compose: file(text, "shop.yaml"), ...args });

/** A compose file whose only service is told in these lines, from line 3 on. */
const service = (...lines: string[]) =>
  swarmMicroservice({}, `services:\n  web:\n    image: nginx:1\n${lines.map((line) => `    ${line}\n`).join("")}`);
const withPart = (line: string, part: string) =>
  swarmMicroservice({}, `services:\n  web:\n    image: nginx:1\n    ${line}\n${part}\n`);
const ofImage = (args: Partial<SwarmMicroserviceArgs>) =>
  swarmMicroservice({ compose: undefined, image: "nginx:1", ...args });

/** Mistakes in a compose file, and in what is to differ from it. */
export const COMPOSE: Row[] = [
  ["neither an image nor a compose file", swarmMicroservice({ compose: undefined }), ["neither image nor compose"]],
  ["an image by a number", ofImage({ image: wrong(5) }), ["image is 5: it must be a text"]],
  ["an image and a compose file", swarmMicroservice({ image: "nginx:1" }), ["both image and compose"]],
  ["a compose file that is a number", swarmMicroservice({ compose: wrong(7) }), ["compose is 7"]],
  ["a compose file by a relative path", swarmMicroservice({ compose: "shop.yaml" }), ["compose is", "absolute path"]],
  ["a compose file that is empty", swarmMicroservice({}, "# Nothing.\n"), ["shop.yaml, which is empty"]],
  [
    "a compose file of two documents",
    swarmMicroservice({}, `${SHOP}---\n${SHOP}`),
    ["shop.yaml:14 begins another document"],
  ],
  ["a compose file that is no YAML", swarmMicroservice({}, "services: {\n"), ["shop.yaml:2 is no YAML"]],
  ["a compose file without services", swarmMicroservice({}, "version: '3'\n"), ["it has no services"]],
  [
    "a compose file that is a list",
    swarmMicroservice({}, "- web\n"),
    ["is a list of 1: it must be an object", "no services"],
  ],
  [
    "a command for a compose file",
    swarmMicroservice({ command: ["x"] }),
    ["command is for a microservice of an image"],
  ],
  ["an override for an image", ofImage({ overrides: [{ path: "image", value: "x" }] }), ["are for a compose file"]],
  [
    "a service without an image",
    swarmMicroservice({}, "services:\n  web: {}\n"),
    ["shop.yaml:2: services.web has no image"],
  ],
  [
    "a service that is called otherwise",
    swarmMicroservice({}, "services:\n  Web.1: { image: a }\n"),
    ['shop.yaml:2: the service "Web.1" must be called by'],
  ],
  [
    "a part of compose that nobody knows",
    service("enviroment: [A=b]"),
    ['shop.yaml:4: "enviroment" of services.web is not carried', 'did you mean "environment"?'],
  ],
  ["a build", service("build: ."), ['shop.yaml:4: "build" of services.web is not carried', "build the image first"]],
  ["an order of services", service("depends_on: [store]"), ['"depends_on"', "in any order"]],
  ["a restart policy of compose alone", service("restart: always"), ['"restart"', "deploy.restart_policy"]],
  ["a privileged service", service("privileged: true"), ['"privileged"', "cap_add"]],
  ["a project's name", swarmMicroservice({}, `name: shop\n${SHOP}`), ['shop.yaml:1: "name" is not carried']],
  [
    "a part of deploy that is not carried",
    service("deploy:", "  rollback_config: { order: stop-first }"),
    ['shop.yaml:5: "rollback_config" of services.web.deploy is not carried'],
  ],
  [
    "a variable of whoever runs compose",
    service('hostname: "${HOST:-web}"'),
    ["shop.yaml:4: ${HOST:-web} stands for a variable"],
  ],
  ["a variable without a value", service("environment: [TOKEN]"), ["shop.yaml:4: TOKEN has no value"]],
  [
    "a variable that is a list",
    service("environment:", "  A: [b]"),
    ["shop.yaml:5: services.web.environment.A is a list"],
  ],
  [
    "a port that the Swarm would choose",
    service('ports: ["80"]'),
    ["shop.yaml:4: services.web.ports[0]", "PUBLISHED:80"],
  ],
  [
    "a port of an address",
    service('ports: ["127.0.0.1:80:80"]'),
    ['is "127.0.0.1:80:80": it must be PUBLISHED:TARGET'],
  ],
  ["a port beyond all", service("ports: [{ target: 80, published: 70000 }]"), ["ports[0].published is 70000"]],
  ["a port without a target", service("ports: [{ published: 80 }]"), ["ports[0] has no target"]],
  ["a port published as nobody does", service("ports: [{ target: 1, published: 1, mode: all }]"), ['mode is "all"']],
  ["a port that is SSH's", service('ports: ["22:22"]'), ["publishes port 22, which belongs to SSH"]],
  ["a port twice", service('ports: ["81:80", "81:80"]'), ["publishes port 81, which shop (web) has"]],
  [
    "a port that a balancer has",
    () => {
      const cluster = deployedSwarm();
      balancer({ cluster, port: 8080 })();
      return swarmMicroservice({ cluster })();
    },
    ["publishes port 8080, which nginx has on the Swarm cluster already"],
  ],
  [
    "a port that access rules shut",
    swarmMicroservice({
      cluster: deployedSwarm({
        nodes: [{ ...node(), legs: node().legs.map((leg) => ({ ...leg, openPorts: [22, 80] })) }],
      }),
    }),
    ["publishes port 8080, which the access rules of node-1 do not open"],
  ],
  [
    "a mesh without addresses of services",
    service("ports: [{ target: 80, published: 80, mode: ingress }]", "deploy: { endpoint_mode: dnsrr }"),
    ['endpoint_mode is "dnsrr": the routing mesh needs "vip"'],
  ],
  ["a command with an open quote", service("command: sh -c 'serve"), ["services.web.command has a quote that is open"]],
  ["half a replica", service("deploy: { replicas: 1.5 }"), ["deploy.replicas is 1.5", "from 0 to 1000"]],
  ["a number of tasks on every node", service("deploy: { mode: global, replicas: 2 }"), ['mode is "global"']],
  [
    "tasks on some of every node",
    service("deploy: { mode: global, placement: { constraints: [node.role==worker] } }"),
    ['is "global" with constraints'],
  ],
  ["a duration that is none", service("stop_grace_period: soon"), ['stop_grace_period is "soon"', "a duration"]],
  [
    "a size that is none",
    service("deploy: { resources: { limits: { memory: much } } }"),
    ['memory is "much"', "a size"],
  ],
  ["no cores", service("deploy: { resources: { limits: { cpus: 0 } } }"), ["cpus is 0"]],
  [
    "a service that asks for more than it may have",
    service("deploy: { resources: { reservations: { memory: 1g } } }"),
    ["asks for 1024 MiB and may have 256"],
  ],
  ["a check without a test", service("healthcheck: { interval: 1s }"), ["healthcheck has no test"]],
  ["a network that is not there", service("networks: [backed]"), ['names "backed", which networks does not have']],
  [
    "a network that no Swarm has",
    withPart("networks: [a]", "networks: { a: { driver: bridge } }"),
    ['shop.yaml:5: networks.a.driver is "bridge": it must be "overlay"'],
  ],
  ["a volume that is not there", service('volumes: ["pages:/pages"]'), ['mounts the volume "pages"', "name it there"]],
  [
    "a file beside the compose file",
    service('volumes: ["./pages:/pages"]'),
    ['mounts "./pages" of the node', "absolute"],
  ],
  ["a mount without a place", service("volumes: [{ type: tmpfs }]"), ["volumes[0] has no target"]],
  ["a mount with unknown options", service('volumes: ["/a:/b:Z"]'), ['"/a:/b:Z": it must be SOURCE:TARGET']],
  ["a mount at a relative path", service('volumes: ["/a:b"]'), ['is mounted at "b": it must be an absolute path']],
  ["a secret that is not there", service("secrets: [token]"), ['secrets[0] is "token", which secrets does not have']],
  [
    "a secret of the Swarm's own",
    withPart("secrets: [token]", "secrets: { token: { external: true } }"),
    ["shop.yaml:5: secrets.token has no content here: give it by secrets"],
  ],
  [
    "a configuration whose file is not there",
    withPart("configs: [pages]", "configs: { pages: { file: ./nowhere.html } }"),
    ['configs.pages.file is "./nowhere.html", which can\'t be read: ENOENT'],
  ],
  [
    "a secret that no service file names",
    swarmMicroservice({ secrets: { token: "t" } }),
    ['secrets gives "token"', "names none"],
  ],
  ["a secret that is a number", swarmMicroservice({ secrets: wrong({ token: 7 }) }), ["secrets is an object"]],
  [
    "an override of a service that is not there",
    swarmMicroservice({ overrides: [{ path: "services.wbe.image", value: "x" }] }),
    ["services (", 'shop.yaml:1) has no "wbe": did you mean "web"?'],
  ],
  [
    "an override of a port by an object",
    swarmMicroservice({ overrides: [{ path: "services.web.ports[0]", value: {} }] }),
    ["shop.yaml:7), and the value is an object: give a single value"],
  ],
  [
    "variables of a service that is not there",
    swarmMicroservice({ env: [{ service: "wep", variables: {} }] }),
    ['did you mean "web"?'],
  ],
  ["a variable of a service of no name", swarmMicroservice({ env: [{ variables: { "": "a" } }] }), ['the variable ""']],
  [
    "a microservice that is published by nobody",
    swarmMicroservice({ publishMode: wrong("mesh") }),
    ['publishMode is "mesh"'],
  ],
  ["a microservice of no host's name", swarmMicroservice({ functionName: "Shop" }), ['its name "Shop" can\'t be used']],
  [
    "a microservice on a Swarm without a node",
    swarmMicroservice({ cluster: deployedSwarm({ nodes: [] }) }),
    ["no node"],
  ],
  [
    "two microservices of one name",
    () => {
      const cluster = deployedSwarm();
      ofImage({ cluster })();
      return new SwarmMicroservice("other", { cluster, image: "a:1", functionName: "shop" });
    },
    ['runs "shop" already, by shop'],
  ],
  [
    "an image that is a number",
    ofImage({ image: wrong(7.5), command: wrong("x") }),
    ['command is "x": it must be a list of texts'],
  ],
  ["tasks of an image by half", ofImage({ taskCount: 0.5 }), ["replicas is 0.5"]],
];
