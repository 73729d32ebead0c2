export { Client, type ClientArgs } from "./client/client";
export { Contract, type Published, type Read } from "./contracts/contract";
export {
  type Gateway,
  type KubernetesFacts,
  type KubernetesSide,
  kubernetesContract,
  kubernetesSideOf,
  publishKubernetes,
} from "./contracts/kubernetes";
export { type Hop, publishService, type ServiceFacts, type ServiceSide, serviceContract } from "./contracts/service";
export { publishSite, type SiteFacts, siteContract, siteOf } from "./contracts/site";
export { publishSwarm, type SwarmFacts, type SwarmSide, swarmContract, swarmSideOf } from "./contracts/swarm";
export { Image, type ImageArgs } from "./image/image";
export {
  CNIS,
  type Cni,
  KubernetesCluster,
  type KubernetesClusterArgs,
  type KubernetesLike,
} from "./kubernetes/cluster";
export { KubernetesLayer, type KubernetesLayerArgs } from "./layers/kubernetes";
export { ServiceLayer, type ServiceLayerArgs } from "./layers/service";
export { SwarmLayer, type SwarmLayerArgs } from "./layers/swarm";
export type { JumpHost, Leg, LegArgs, MachineArgs, MachineLike, Role, SshAccess } from "./machine/machine";
export { MachineScript, type MachineScriptArgs } from "./machine/script";
export { Address } from "./network/address";
export { Cidr } from "./network/cidr";
export { type NetworkArgs, type NetworkLike, requireDisjoint } from "./network/network";
export { NginxLoadBalancer, type NginxLoadBalancerArgs, PUBLISH_MODES, type PublishMode } from "./nginx/balancer";
export { Hosts, type HostsArgs, hosts } from "./platform/hosts/hosts";
export { type HostSettings, type HostsSettings, parseHosts } from "./platform/hosts/settings";
export { Hybrid, type HybridArgs, hybrid } from "./platform/hybrid/hybrid";
export { Lab, type LabArgs, lab } from "./platform/lab/lab";
export {
  type Catalog,
  type CatalogImage,
  type CatalogServer,
  type Flavor,
  readCatalog,
} from "./platform/openstack/catalog";
export { MachineImage, type MachineImageArgs } from "./platform/openstack/image";
export { OpenStack, type OpenStackArgs, openStack } from "./platform/openstack/openstack";
export type { Credentials } from "./platform/openstack/session";
export { type OpenStackSettings, parseSettings } from "./platform/openstack/settings";
export { PLATFORMS, type Platform, type PlatformFacts, type PlatformKind, type WholeFacts } from "./platform/platform";
export { InvalidInput, Problems } from "./problem/problem";
export { QuaggaRouter, type QuaggaRouterArgs, type RouterLike, type StaticRoute } from "./quagga/router";
export { Route, type RouteArgs } from "./route/route";
export { Site, type SiteArgs, type SiteLike } from "./site/site";
export { type KeyPair, SshKey } from "./ssh/key";
export { SwarmCluster, type SwarmClusterArgs, type SwarmCredentials, type SwarmLike } from "./swarm/cluster";
export { type WebServer, WebServers, type WebServersArgs } from "./webservers/webservers";
