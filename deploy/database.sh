#!/bin/sh
# Runs once, when the database container's volume is empty: the two roles, the database, PostGIS in public.
# The passwords come from the environment and reach SQL as bound psql variables.
set -eu
psql --username postgres --dbname postgres --no-psqlrc --set ON_ERROR_STOP=1 \
    --set owner="$GRIDSVC_OWNER_PASSWORD" --set app="$GRIDSVC_APP_PASSWORD" <<'SQL'
CREATE ROLE gridsvc_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner';
CREATE ROLE gridsvc_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app';
CREATE DATABASE gridsvc OWNER gridsvc_owner;
REVOKE ALL ON DATABASE gridsvc FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE gridsvc TO gridsvc_app;
\connect gridsvc
CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public;
SQL
