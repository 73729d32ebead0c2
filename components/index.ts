export { ServiceChain, type ServiceChainArgs } from "./chain/chain";
export {
  type Path,
  type PathAddress,
  type PathArgs,
  type PathHop,
  type PathRoute,
  planPath,
  type ServerGroup,
} from "./chain/path";
export { Contract, type Published, type Read } from "./contracts/contract";
export { type FunctionFacts, functionOf } from "./contracts/function";
export {
  type Gateway as GatewayFacts,
  type KubernetesFacts,
  type KubernetesLayerLike,
  kubernetesContract,
  kubernetesLayerOf,
  publishKubernetes,
} from "./contracts/kubernetes";
export { functionsOf, type Hop, publishChain, type ServiceFacts, serviceContract } from "./contracts/service";
export { publishSite, type SiteFacts, siteContract, transitOf } from "./contracts/site";
export { publishSwarm, type SwarmFacts, type SwarmLayerLike, swarmContract, swarmLayerOf } from "./contracts/swarm";
export {
  type FunctionInstance,
  type FunctionLeg,
  type NetworkFunction,
  PACKET_HANDLINGS,
  type PacketHandling,
} from "./function/function";
export { Gateway, type GatewayArgs, type GatewayLeg } from "./gateway/gateway";
export { Image, type ImageArgs } from "./image/image";
export { CNIS, type Cni, KubernetesCluster, type KubernetesClusterArgs } from "./kubernetes/cluster";
export { DeployedKubernetes, type KubernetesLike } from "./kubernetes/kubernetes";
export { KubernetesLayer, type KubernetesLayerArgs } from "./layers/kubernetes";
export { ServiceLayer, type ServiceLayerArgs } from "./layers/service";
export { SwarmLayer, type SwarmLayerArgs } from "./layers/swarm";
export type { JumpHost, KeyPair, SshAccess } from "./machine/access";
export type { Leg, LegArgs } from "./machine/leg";
export {
  type MachineArgs as PlatformMachineArgs,
  type MachineGroup,
  type MachineLike,
  machineId,
  type Role,
} from "./machine/machine";
export { Address } from "./network/address";
export { Cidr } from "./network/cidr";
export { type NetworkIdentity, type NetworkLike, networkId } from "./network/network";
export { AddressPlan } from "./network/plan";
export { NginxLoadBalancer, type NginxLoadBalancerArgs, PUBLISH_MODES, type PublishMode } from "./nginx/balancer";
export { Hosts, type HostsArgs, hosts } from "./platform/hosts/hosts";
export { type HostSettings, type HostsSettings, parseHosts } from "./platform/hosts/settings";
export { Hybrid, type HybridArgs, hybrid } from "./platform/hybrid/hybrid";
export { Lab, type LabArgs, lab } from "./platform/lab/lab";
export {
  type PlatformModule,
  type PlatformNeeds,
  type PlatformRecovery,
  PlatformRegistry,
  type PlatformSettings,
  type PublishedPlatform,
  type UnfinishedCreation,
} from "./platform/module";
export {
  type Catalog,
  type CatalogImage,
  type CatalogServer,
  type Flavor,
  readCatalog,
} from "./platform/openstack/catalog";
export { credentials } from "./platform/openstack/clouds";
export { MachineImage, type MachineImageArgs } from "./platform/openstack/image";
export { openStack } from "./platform/openstack/module";
export { OpenStack, type OpenStackArgs } from "./platform/openstack/openstack";
export type { Credentials } from "./platform/openstack/session";
export { type OpenStackSettings, parseSettings } from "./platform/openstack/settings";
export type { NetworkArgs as PlatformNetworkArgs, Platform } from "./platform/platform";
export { platforms } from "./platforms";
export { InvalidInput, Problems } from "./problem/problem";
export { QuaggaRouter, type QuaggaRouterArgs, type StaticRoute } from "./quagga/router";
export { Route, type RouteArgs } from "./route/route";
export { MachineScript, type MachineScriptArgs } from "./script/script";
export {
  choice,
  count,
  nearest,
  readSettings,
  type Setting,
  type Settings,
  type SettingTable,
  type SettingWithDefault,
  secret,
  structure,
  text,
} from "./setting/setting";
export { Machine, type MachineArgs } from "./site/machine";
export { Network, type NetworkArgs, type SiteNetwork } from "./site/network";
export { Site, type SiteArgs } from "./site/site";
export type { SiteLike } from "./site/site-like";
export { SshKey } from "./ssh/key";
export { SwarmCluster, type SwarmClusterArgs } from "./swarm/cluster";
export { DeployedSwarm, type SwarmCredentials, type SwarmLike } from "./swarm/swarm";
export { WebServers, type WebServersArgs } from "./webservers/webservers";
