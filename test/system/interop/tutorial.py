"""The steps of the SpatiaFi tutorial in Python, as readers run them: requests, authlib, platformdirs.

    tutorial.py create          username and password -> app credentials -> the file
    tutorial.py load-and-call   the file -> the environment -> a token -> one call of the API

The two addresses come from SPATIAFI_AUTH_URL and SPATIAFI_API_URL, the username and password from two
lines on standard input. Prints the outcome as one line of JSON, without secrets.
"""

import json
import os
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT
from platformdirs import user_config_dir

AUTH_URL = os.environ.get("SPATIAFI_AUTH_URL", "https://auth.spatiafi.com")
API_URL = os.environ.get("SPATIAFI_API_URL", "https://api.spatiafi.com")
TOKEN_URL = AUTH_URL + "/api/v1/auth/jwt/token"


def credentials_path():
    folder = user_config_dir("spatiafi")
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, "app_credentials")


def create(username, password):
    login = requests.get(TOKEN_URL + "/basic", auth=(username.encode(), password.encode()), timeout=10)
    login.raise_for_status()
    headers = {"Authorization": "Bearer " + login.json()["access_token"]}
    created = requests.post(AUTH_URL + "/api/v1/clients/", headers=headers, timeout=10)
    created.raise_for_status()
    with open(credentials_path(), "w") as file:
        json.dump(created.json(), file)
    return {"saved": credentials_path(), "keys": sorted(created.json())}


def load_and_call():
    with open(credentials_path()) as file:
        for key, value in json.load(file).items():
            os.environ[key.upper()] = str(value)
    session = OAuth2Session(
        os.environ["CLIENT_ID"],
        os.environ["CLIENT_SECRET"],
        token_endpoint=TOKEN_URL,
        grant_type="client_credentials",
        token_endpoint_auth_method=ClientSecretJWT(TOKEN_URL),
    )
    session.fetch_token()
    item = "wildfire-risk-current-global-v1.0"
    answer = session.get(API_URL + "/api/info", params={"item_id": item}, timeout=10)
    return {"client_id": os.environ["CLIENT_ID"], "status": answer.status_code, "info": answer.json()}


def main():
    if sys.argv[1:] == ["create"]:
        username, password = (sys.stdin.readline().rstrip("\n") for _ in range(2))
        result = create(username, password)
    elif sys.argv[1:] == ["load-and-call"]:
        result = load_and_call()
    else:
        sys.exit(__doc__)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
