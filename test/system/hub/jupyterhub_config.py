"""A hub whose users are users of this machine. start_hub.ts describes HUB_SETTINGS."""

import json
import os

from jupyterhub.auth import DummyAuthenticator

settings = json.loads(os.environ["HUB_SETTINGS"])
c = get_config()  # noqa: F821

c.JupyterHub.bind_url = f"http://127.0.0.1:{settings['port']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{settings['hubPort']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{settings['proxyPort']}"
c.ConfigurableHTTPProxy.command = [settings["proxy"]]
c.ConfigurableHTTPProxy.pid_file = os.path.join(settings["folder"], "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{settings['folder']}/hub.sqlite"
c.JupyterHub.cookie_secret_file = os.path.join(settings["folder"], "cookie_secret")
c.JupyterHub.log_level = "WARN"



class WithState(DummyAuthenticator):
    """Keeps the typed password, as other authenticators keep their provider's token."""

    async def authenticate(self, handler, data):
        state = {"access_token": data["password"]}
        return {"name": data["username"], "auth_state": state}


c.JupyterHub.authenticator_class = WithState
c.Authenticator.allow_all = True
# It is encrypted with JUPYTERHUB_CRYPT_KEY.
c.Authenticator.enable_auth_state = True
c.JupyterHub.allow_named_servers = True
c.JupyterHub.services = [{"name": "test", "api_token": settings["token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "test",
        "services": ["test"],
        "scopes": ["admin:users", "admin:servers", "access:servers"],
    },
    # A token may do no more than its owner.
    {"name": "user", "scopes": ["self", "admin:auth_state!user"]},
]

c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.ip = "127.0.0.1"
c.Spawner.start_timeout = 60
c.Spawner.http_timeout = 60
c.Spawner.args = ["--ServerApp.log_level=WARN"]


def environment(spawner):
    """The administrator's variables: for all servers, for those with a shared store, and for one user."""
    user = settings["users"][spawner.user.name]
    given = {**settings["environment"], **user["environment"]}
    if spawner.name:
        # It stands for another machine, so it has another home.
        given.update(user["shared"], XDG_CONFIG_HOME=f"{user['home']}/{spawner.name}/config")
    return given


def token_scopes(spawner):
    """The default server may read its user's auth_state. A named one has the default scopes."""
    usual = ["users:activity!user", "access:servers!server"]
    return usual if spawner.name else [*usual, "admin:auth_state!user"]


c.Spawner.server_token_scopes = token_scopes


def give_environment(spawner):
    spawner.environment = environment(spawner)


c.Spawner.pre_spawn_hook = give_environment
