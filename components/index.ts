export { NetworkAttachment, type NetworkAttachmentArgs } from "./attachment/attachment";
export {
  ATTACHMENT_IPAMS,
  ATTACHMENT_PLUGINS,
  type AttachmentIpam,
  type AttachmentPlugin,
} from "./attachment/configuration";
export { type AttachedLeg, type AttachedPod, attachPod, type PodInterface } from "./attachment/pod";
export { ServiceChain, type ServiceChainArgs } from "./chain/chain";
export {
  type Path,
  type PathAddress,
  type PathArgs,
  type PathHop,
  type PathRoute,
  type PathWay,
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
export type { Override } from "./descriptor/override";
export {
  Firewall,
  type FirewallArgs,
  type FirewallRule,
  RULE_ACTIONS,
  RULE_PROTOCOLS,
} from "./firewall/firewall";
export {
  type FunctionInstance,
  type FunctionLeg,
  type NetworkFunction,
  PACKET_HANDLINGS,
  type PacketHandling,
} from "./function/function";
export type { FunctionResources } from "./function/resources";
export { Gateway, type GatewayArgs, type GatewayLeg } from "./gateway/gateway";
export { Image, type ImageArgs } from "./image/image";
export { type PodGroup, ServiceAddress, type ServiceAddressArgs } from "./kubernetes/address";
export { KubernetesCluster, type KubernetesClusterArgs } from "./kubernetes/cluster";
export { CNIS, type Cni } from "./kubernetes/cni";
export { DeployedKubernetes, type KubernetesLike } from "./kubernetes/kubernetes";
export { PodRoutes, type PodRoutesArgs } from "./kubernetes/pod-routes";
export {
  CPU_MANAGER_POLICIES,
  type CpuManagerPolicy,
  TOPOLOGY_MANAGER_POLICIES,
  type TopologyManagerPolicy,
} from "./kubernetes/policies";
export type { ReservedShare } from "./kubernetes/reserved";
export { KubernetesLayer, type KubernetesLayerArgs } from "./layers/kubernetes";
export { ServiceLayer, type ServiceLayerArgs } from "./layers/service";
export { SwarmLayer, type SwarmLayerArgs } from "./layers/swarm";
export type { JumpHost, KeyPair, SshAccess } from "./machine/access";
export type { Leg, LegArgs } from "./machine/leg";
export {
  type InnerRange,
  type MachineArgs as PlatformMachineArgs,
  type MachineGroup,
  type MachineLike,
  machineId,
  type Role,
} from "./machine/machine";
export {
  type ContainerVariables,
  type KubernetesManifest,
  KubernetesMicroservice,
  type KubernetesMicroserviceArgs,
  KubernetesObject,
  type ManifestChoice,
  type ManifestMetadata,
  type ManifestOverride,
} from "./microservice/kubernetes";
export { type ServiceVariables, SwarmMicroservice, type SwarmMicroserviceArgs } from "./microservice/swarm";
export { FORWARD_PROTOCOLS, NatGateway, type NatGatewayArgs, type PortForward } from "./nat/gateway";
export { Address } from "./network/address";
export { Cidr } from "./network/cidr";
export { type NetworkIdentity, type NetworkLike, networkId } from "./network/network";
export { AddressPlan } from "./network/plan";
export type { Port } from "./nftables/ports";
export { NginxLoadBalancer, type NginxLoadBalancerArgs } from "./nginx/balancer";
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
export { nearest } from "./problem/nearest";
export { InvalidInput, Problems } from "./problem/problem";
export type { Bfd } from "./quagga/bfd";
export type { Bgp, BgpNeighbour } from "./quagga/bgp";
export type { RoutingProtocols } from "./quagga/configuration";
export type { Ospf, OspfArea } from "./quagga/ospf";
export { ROUTER_PRIVILEGES, type RouterPrivileges } from "./quagga/privileges";
export type { RouteSource } from "./quagga/protocol";
export type { Rip } from "./quagga/rip";
export { QuaggaRouter, type QuaggaRouterArgs, type StaticRoute } from "./quagga/router";
export { Route, type RouteArgs } from "./route/route";
export { MachineScript, type MachineScriptArgs } from "./script/script";
export {
  choice,
  count,
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
export { PUBLISH_MODES, type PublishMode } from "./swarm/ports";
export { DeployedSwarm, type SwarmCredentials, type SwarmLike } from "./swarm/swarm";
export type { ExecCheck, GuestCheck, HttpCheck } from "./virtualmachine/check";
export {
  type ClaimDisk,
  DISK_FORMATS,
  type DiskFormat,
  type ImageDisk,
  type UrlDisk,
  type VirtualDisk,
} from "./virtualmachine/disk";
export {
  type GuestSeed,
  type GuestVolume,
  VirtualMachine,
  type VirtualMachineArgs,
  WORKLOAD_KINDS,
  type WorkloadKind,
} from "./virtualmachine/machine";
export { WebServers, type WebServersArgs } from "./webservers/webservers";
