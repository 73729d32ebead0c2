"""Makes, in a new Keystone on this node, the account of the services, their catalogue, and a plain member with a project
of its own; writes the client's clouds.yaml."""

import openstack
import yaml

HERE = "http://127.0.0.1"
CLOUDS = "/etc/openstack/clouds.yaml"
SERVICES = {
    "image": ("glance", f"{HERE}:9292"),
    "network": ("neutron", f"{HERE}:9696"),
    "compute": ("nova", f"{HERE}:8774/v2.1"),
    "placement": ("placement", f"{HERE}:8778"),
}


def password(user: str, project: str) -> dict:
    return {
        "auth": {
            "auth_url": f"{HERE}:5000/v3",
            "username": user,
            "password": user,
            "project_name": project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        "region_name": "RegionOne",
        "identity_api_version": 3,
    }


admin = openstack.connect(**password("admin", "admin")).identity
roles = {role.name: role for role in admin.roles()}

for name, granted in (("services", ("admin", "service")), ("member", ("member",))):
    project = admin.create_project(name=name, domain_id="default")
    user = admin.create_user(name=name, password=name, domain_id="default")
    for role in granted:
        roles.setdefault(role, None)
        roles[role] = roles[role] or admin.create_role(name=role)
        admin.assign_project_role_to_user(project, user, roles[role])

for kind, (name, url) in SERVICES.items():
    service = admin.create_service(type=kind, name=name)
    for interface in ("public", "internal", "admin"):
        admin.create_endpoint(service_id=service.id, interface=interface, url=url, region_id="RegionOne")

member = openstack.connect(**password("member", "member"))
credential = member.identity.create_application_credential(
    user=member.current_user_id, name="hybrid-vnf", description="what a program is given in place of a password"
)
clouds = {
    "admin": password("admin", "admin"),
    "member": {
        "auth_type": "v3applicationcredential",
        "auth": {
            "auth_url": f"{HERE}:5000/v3",
            "application_credential_id": credential.id,
            "application_credential_secret": credential.secret,
        },
        "region_name": "RegionOne",
        "identity_api_version": 3,
    },
    "member-password": password("member", "member"),
}
with open(CLOUDS, "w", encoding="utf-8") as file:
    yaml.safe_dump({"clouds": clouds}, file, sort_keys=False)
