"""A hub whose users are users of this machine. See start_hub.ts, which says what is in HUB_SETTINGS."""

import json
import os

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

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.allow_named_servers = True
c.JupyterHub.services = [{"name": "test", "api_token": settings["token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "test",
        "services": ["test"],
        "scopes": ["admin:users", "admin:servers", "access:servers"],
    }
]

c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.ip = "127.0.0.1"
c.Spawner.start_timeout = 60
c.Spawner.http_timeout = 60
c.Spawner.args = ["--ServerApp.log_level=WARN"]


def environment(spawner):
    """What an administrator gives: to all, to servers with a shared store, and to one user."""
    user = settings["users"][spawner.user.name]
    given = {**settings["environment"], **user["environment"]}
    if spawner.name:
        # Another machine: its home is another one, too.
        given.update(user["shared"], XDG_CONFIG_HOME=f"{user['home']}/{spawner.name}/config")
    return given


def give_environment(spawner):
    spawner.environment = environment(spawner)


c.Spawner.pre_spawn_hook = give_environment
